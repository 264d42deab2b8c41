"""Cues for games, advertisements and films as jobs."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from credo.compose.cue.outline import Outline, outline
from credo.compose.cue.sheets.brief import PATTERN
from credo.compose.cue.sheets.sheet import from_dict
from credo.compose.models import available
from credo.conditioning.reading import read_words_and_picture
from credo.errors import UsageError
from credo.web.desk import Desk
from credo.web.faults import Fault
from credo.web.jobs import Job

#: Packages that are kept, and the longest cue in seconds, with all versions.
MOST_PACKAGES, MOST_SECONDS = 8, 600.0
_SAMPLING = 0.5  # of the progress


class Cues:
    """The packages of cues.

    Args:
        desk: the models.
        folder: where packages are kept.
    """

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.folder = desk, folder

    def prepare(self, brief: Mapping[str, Any]) -> Callable[[Job], None]:
        """Check a brief; gives what makes the cue, on the worker's thread.

        Args:
            brief: the fields of a `brief.toml`; models by their names, and without a picture.

        Raises:
            UsageError: the brief makes no sense.
            Fault: there is no such model.
        """
        if brief.get("image"):
            raise UsageError("image: expected none in a brief over HTTP", hint="ask /api/v1/attributes/image first")
        try:
            sheet = from_dict({"name": "cue", **brief})
        except (TypeError, ValueError, KeyError, OverflowError, RecursionError, AttributeError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"brief: expected what a brief.toml holds: {error}") from error
        lengths = [version.seconds or sheet.seconds for version in sheet.versions]
        if sheet.seconds + sum(lengths) > MOST_SECONDS:
            raise UsageError(f"seconds: expected at most {MOST_SECONDS:g} with all versions, got more")
        names = [sheet.model, *([sheet.drums] if sheet.drums != PATTERN else [])]
        folders = {name: str(self.desk.model(name).folder) for name in names}
        by_name = {name: name if name in available() else folder for name, folder in folders.items()}
        sheet = replace(sheet, model=by_name[sheet.model], drums=by_name.get(sheet.drums, sheet.drums))
        plan = outline(sheet, read_words_and_picture(sheet.text, None) if sheet.text else None)
        return lambda job: self._make(job, plan, names)

    def package(self, identity: str) -> Path:
        """The zip file of a cue.

        Raises:
            Fault: 404, there is none, or it was removed for newer ones.
        """
        path = self.folder / f"{identity}.zip"
        if not re.fullmatch(r"[\w-]{1,40}", identity, re.ASCII) or not path.is_file():
            raise Fault(404, "cue", f"there is no such package; the last {MOST_PACKAGES} are kept", "make it again")
        return path

    def _make(self, job: Job, plan: Outline, names: list[str]) -> None:
        from credo.compose.cue.making import make
        from credo.compose.cue.package import deliver

        composers = {name: self.desk.warm(name)[0] for name in names}  # here, for `make` asks from other threads
        composers |= {str(self.desk.model(name).folder): composer for name, composer in composers.items()}
        cue = make(
            plan, composers.__getitem__, progress=lambda done, total: job.advance(_SAMPLING * done / max(total, 1))
        )
        place = self.folder / job.id
        try:
            package = deliver(cue, place, progress=lambda line: job.advance(job.progress * 0.8 + 0.2))
            path = place / "bundle"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
                for file in sorted(package.folder.rglob("*")):
                    if file.is_file():
                        bundle.write(file, Path(package.folder.name) / file.relative_to(package.folder))
            os.replace(path, self.folder / f"{job.id}.zip")
        finally:
            shutil.rmtree(place, ignore_errors=True)
        with suppress(FileNotFoundError):  # another server makes room too
            by_age = sorted(self.folder.glob("*.zip"), key=lambda bundle: bundle.stat().st_mtime)
            for bundle in by_age[:-MOST_PACKAGES]:
                bundle.unlink(missing_ok=True)
        manifest = {**package.manifest, "remarks": [*package.manifest["remarks"], *package.missing]}
        job.results = [{"manifest": manifest, "package": f"/api/v1/cues/{job.id}/package"}]
