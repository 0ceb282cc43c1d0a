"""`forecast`: what converters make of a model's batch norm, before one is run, and by running them."""
