"""`report`: all that a page tells of one model, and where the page is written."""
