//! Queries of the search windows.
