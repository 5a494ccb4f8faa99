"""The decision tree: from verdicts and trials to one diagnosis."""
