"""The page: facts -> HTML and SVG as text, without any library of plots, and with nothing fetched."""
