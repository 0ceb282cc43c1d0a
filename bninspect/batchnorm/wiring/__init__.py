"""When does a node run, who decides, and which normalizations are the two modes of one layer?"""
