"""The `credo` command: registers the commands and turns what users can mend into one line and exit status 2."""

from __future__ import annotations

import errno
import os
import sys

import typer

from credo import __version__
from credo.cli.attributes import attributes
from credo.cli.compose import compose
from credo.cli.corpus import corpus
from credo.cli.cue import cue
from credo.cli.data_report import data_report
from credo.cli.evaluate import evaluate
from credo.cli.humanize import humanize
from credo.cli.info import info
from credo.cli.library import app as library
from credo.cli.library import similar
from credo.cli.listen import app as listen
from credo.cli.originality import originality
from credo.cli.studio import studio
from credo.cli.tasks import accompany, blend, harmonize, infill, revoice, vary
from credo.cli.taste import app as taste
from credo.cli.taste import dislike, like, rate, recommend
from credo.cli.train import train
from credo.cli.transcribe import transcribe
from credo.errors import CredoError

# Typer brings its own copy of click since 0.27 or so, and raises that copy's exceptions.
ClickException = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="credo",
    help="Learns from music and writes new music with deep belief networks.",
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
#: The commands, in groups as `credo --help` shows them.
GROUPS = {
    "New music": (compose, cue, studio, attributes),
    "Work with a piece": (infill, harmonize, accompany, revoice, vary, blend, humanize, transcribe),
    "Models and data": (train, corpus, info),
    "Your own pieces": (similar, like, dislike, rate, recommend),
    "Judge": (evaluate, originality, data_report),
}
for group, commands in GROUPS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)
app.add_typer(library, name="library", rich_help_panel="Your own pieces")
app.add_typer(taste, name="taste", rich_help_panel="Your own pieces")
app.add_typer(listen, name="listen", rich_help_panel="Judge")


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Show the version and leave.")) -> None:
    if version:
        typer.echo(f"credo {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # where TensorFlow is installed, Keras loads it, and it chats
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands after `credo`.

    Returns:
        The exit status: 0 for success, 2 for what the user can mend, 130 after Ctrl-C.
    """
    try:
        status = app(arguments or ["--help"], prog_name="credo", standalone_mode=False) or 0
        return _fail("stopped", 130) if status == 130 else status  # newer versions of Typer tell of Ctrl-C this way
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _fail("stopped", 130)
    except ClickException as error:
        return _fail(_wrong_use(error), 2)
    except CredoError as error:
        return _fail(str(error), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EMFILE):
            return _fail(f"{error.filename or 'output'}: {error.strerror}", 2)
        raise
    except MemoryError:
        return _fail("memory: expected enough for this request, got none (ask for fewer bars or less data)", 2)


def _wrong_use(error: Exception) -> str:
    """What Typer has to say, what came, and where to look."""
    cause = getattr(error.__cause__, "errors", None)  # newer versions of Typer leave out what came
    came = f", got {cause()[0]['input']!r}" if callable(cause) else ""
    context = getattr(error, "ctx", None)
    where = f"{context.command_path} --help" if context else "credo --help"
    return f"{error.format_message().rstrip('.')}{came} ({where} tells more)"


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"credo: {line}", file=sys.stderr)
    return status
