"""A site of two articles."""

GUIDE = {"guide/reset.md": "# Reset\n\nForgot it?\n", "guide/delete.md": "# Delete\n\nGone.\n"}
