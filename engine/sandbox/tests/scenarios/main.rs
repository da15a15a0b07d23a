//! The tenant over real HTTP on loopback; tests are named after the acceptance scenarios of the tenant.

#[cfg(test)]
mod access;
#[cfg(test)]
mod client;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod names;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod writing;
