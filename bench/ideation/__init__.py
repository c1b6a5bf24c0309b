"""How well the text screen finds what it must: the corpus, the training, the evaluation."""
