//! Benchmarks only; there is nothing to use here.
