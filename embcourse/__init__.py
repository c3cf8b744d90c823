"""From Counts to Context: the package behind the course on embeddings and attention.

One folder per method (`embcourse.tfidf`, ...), each with the same floor plan: `reference.py` holds
the definition, `fast.py` the path to run on a CPU, `model.py` what to import, `exercises/` the
graded exercises of the chapter. Nothing heavy is imported here: a method's libraries load with the
method.
"""

__version__ = "0.1.0"
