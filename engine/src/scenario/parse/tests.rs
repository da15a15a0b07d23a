//! Faulty texts and what is said of them.
