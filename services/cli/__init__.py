"""The `doorstroom` command: the only place that knows more than one service."""
