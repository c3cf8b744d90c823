"""Training on a CPU: the updates of `reference`, in numba, on many threads at once.

Three things make it fast.

*Rows on cache lines.* The rows of the tables are padded with zeros to whole cache lines. What a
window uses again and again is copied into buffers that stay in the first-level cache, and only its
changes are added to the tables. Negatives are drawn a step ahead, and their rows fetched while
another step computes.

*A small matrix product.* The contexts of one window against one centre and its negatives: all dot
products of some 6 rows with 6 others. Every row that is loaded is used six times.

*Vectors by hand.* All arithmetic on rows is on `Lanes`, 16 numbers at a time, whatever the
processor's width. The compiler may split a `Lanes` in two or four, but it can't change the order of
any sum. So one thread gives the same bits on every processor.

Threads share the two tables without locks (Hogwild): each trains its own chunk of the corpus, numba
releases the interpreter's lock, and an update that another thread overwrites is lost. Recht et al.
(2011).

Read the files from the plain loops down to the single instruction:

trainers: the loops over centres and contexts; `reference.train_with_draws` has the same ones
draws   : what subsampling leaves, how far a window reaches, the negatives
steps   : one step, its logits, gradients and changes
lanes   : the vectors of 16 numbers that a step computes with
tables  : what is known of the words beforehand: noise and Huffman tree
buffers : a thread's workspace
compiled: the options that all of these are compiled with
chunks  : arguments, checks, and the choice of a trainer
"""

from embcourse.negative_sampling.fast.chunks import Sample, sample_chunk, train_chunk
from embcourse.negative_sampling.fast.tables import Tables, make_tables

__all__ = ["Sample", "Tables", "make_tables", "sample_chunk", "train_chunk"]
