//! The sample forest under the rules of a real server, and under our own.
