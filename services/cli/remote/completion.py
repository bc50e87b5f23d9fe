"""`doorstroom completion`: what makes a shell complete commands, options and their values."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion of commands and options for SHELL.

    For bash: eval "$(doorstroom completion bash)" in ~/.bashrc; for zsh the same in ~/.zshrc; for fish:
    doorstroom completion fish > ~/.config/fish/completions/doorstroom.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows each of the choices"  # noqa: S101 - one of three
    root = context.find_root()
    click.echo(kind(root.command, {}, "doorstroom", "_DOORSTROOM_COMPLETE").source())
