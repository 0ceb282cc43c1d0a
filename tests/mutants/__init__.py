"""`python -m tests.mutants`: single faults planted in the core, and whether the tests notice them.

The kept tools did not fit: mutmut rewrites a module into trampolines, which the tests of import order and of
the tree's shape refuse, and cosmic-ray runs one command for every mutant, which for this suite is minutes
each. Here the suite runs once with coverage, and each mutant meets the tests that run its line.

    python -m tests.mutants --seed S --count N --lines FOLDER

FOLDER keeps the recording and the trained networks, so that the next seed need not make them again. A
recording belongs to the files it was made with: make it anew when lines have moved.
"""
