"""What was compiled is kept on the disk, for the next start."""

from __future__ import annotations

import hashlib
import logging
import platform
from contextlib import suppress
from pathlib import Path

from credo.models.backend import name

#: Seconds that compiling must take to be worth a file.
_WORTH_KEEPING = 0.3
#: Bytes of all files; what was not read for longest makes room.
_MOST = 500_000_000
_LOG = logging.getLogger("credo.models")


def keep_compiled(folder: Path | None = None) -> Path | None:
    """Keep compiled functions in a folder from now on, and take what is there; on JAX, others keep nothing.

    To be called before anything is compiled. Each kind of processor has a folder of its own, for what was compiled for
    one may not run on another; versions of JAX keep their files apart by themselves. A file that is damaged, or a
    folder that cannot be written, costs the time of compiling and nothing else.

    Args:
        folder: where; None for the user's cache folder. `JAX_COMPILATION_CACHE_DIR`, where it is set, wins.

    Returns:
        The folder, or None where nothing is kept.
    """
    if name() != "jax":
        return None
    import jax
    import platformdirs

    if jax.config.jax_compilation_cache_dir:
        return Path(jax.config.jax_compilation_cache_dir)
    place = (folder or platformdirs.user_cache_path("credo") / "compiled") / _processor()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)  # what lies there is run
        _make_room(place, _MOST)
    except OSError as error:
        _LOG.info("compiled functions are not kept: %s", error.strerror)
        return None
    jax.config.update("jax_compilation_cache_dir", str(place))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING)
    return place


def _make_room(folder: Path, most: int) -> None:
    """Remove the files of a folder that were not read for longest, until at most so many bytes are left."""
    files = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process makes room too
            found = path.stat()
            files.append((max(found.st_atime, found.st_mtime), found.st_size, path))
    size = sum(each for _, each, _ in files)
    for _, each, path in sorted(files):
        if size <= most:
            return
        path.unlink(missing_ok=True)
        size -= each


def _processor() -> str:
    """A name of this kind of processor."""
    told = [platform.machine(), platform.processor()]
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        told += sorted({line for line in lines if line.split(":")[0].strip() in ("flags", "Features", "model name")})
    except OSError:
        told.append(platform.platform())
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
