"""The `credo` command: registers the commands and turns what users can mend into one line and exit status 2."""

from __future__ import annotations

import errno
import os
import sys

import click
import typer

from credo import __version__
from credo.cli.compose import compose
from credo.cli.corpus import corpus
from credo.cli.info import info
from credo.cli.train import train
from credo.errors import CredoError

app = typer.Typer(
    name="credo",
    help="Learns from music and writes new music with deep belief networks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (compose, train, corpus, info):
    app.command()(command)


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
        return app(arguments, standalone_mode=False) or 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail("stopped", 130)
    except click.ClickException as error:
        return _fail(" ".join(error.format_message().split()), 2)
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


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"credo: {line}", file=sys.stderr)
    return status
