//! The tenant over real HTTP on loopback; tests are named after the acceptance scenarios of the tenant.

#[cfg(test)]
mod access;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod client;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod file;
#[cfg(test)]
mod graph_delta;
#[cfg(test)]
mod graph_writing;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod names;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod service;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod writing;
