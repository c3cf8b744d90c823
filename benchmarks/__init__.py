"""Measured comparisons with the programs that people use: `python -m benchmarks --help`.

Every measurement writes one JSON file to `results/`, which the book reads with
`embcourse.data.benchmark_results`.
"""
