"""The pictures of a page, each a function from facts to markup; their layout is computed here."""
