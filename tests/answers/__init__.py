"""What is said of some hundred damaged graphs, kept line by line: a change of any answer is noticed.

The files in `expected/`, one a fixture, hold what the program answered when they were written. They are
answers that were read, and no outside truth: that is held by the table of the fixtures, by `tests/generated`
and `tests/converters`. A test that fails here says that an answer changed, not that it is wrong. Where the
change is meant, `pytest tests/answers --update-expected` writes the files anew; read the difference before
it is committed.

A graph is kept as a recipe: a fixture and a number, which alone seed the damage (`graphs.py`), so that
another fixture changes no row. A file begins with the fixture as it is, in brief. Of a damaged graph it has
the edits, and each line in which the answer differs from that of the fixture. Digests of the whole documents
hold what no line shows. Whoever changes an edit of `tests/fuzz` changes what the recipes make, and chooses
anew.

    python -m tests.answers classic.pb 17 -o model.pb     writes a graph, to look at it
    python -m tests.answers --choose 20000 --seed 1       tries others, keeps those that take another branch
"""
