"""What each command does: the verbs strung together. What only one command needs lives in its folder."""
