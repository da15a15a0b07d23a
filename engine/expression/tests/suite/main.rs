//! The expression language from outside: vectors, default rules, the language's laws, and hostile input.

#[cfg(test)]
mod advice;
#[cfg(test)]
mod completion;
#[cfg(test)]
mod default_rules;
#[cfg(test)]
mod exported_rules;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod language;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod object;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod vectors;
