"""`forecast` on the screen, in Markdown and as JSON."""
