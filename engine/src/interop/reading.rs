//! Takes values out of elements, and notes what is wrong with them.

use std::fmt::Display;

use uuid::Uuid;

use super::error::Finding;
use super::xml::Element;

/// What was found wrong in one file so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// File name.
    pub file: String,
    /// Faults: the configuration cannot be taken.
    pub faults: Vec<Finding>,
    /// Oddities: the configuration is taken, the administrator is told.
    pub warnings: Vec<Finding>,
}

impl Reading {
    /// Nothing found yet.
    pub fn of(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// Notes a fault.
    pub fn fault(&mut self, element: &str, message: impl Display) {
        self.faults.push(self.finding(element, message));
    }

    /// Notes an oddity.
    pub fn warn(&mut self, element: &str, message: impl Display) {
        self.warnings.push(self.finding(element, message));
    }

    fn finding(&self, element: &str, message: impl Display) -> Finding {
        Finding { file: self.file.clone(), element: element.to_owned(), message: message.to_string() }
    }

    /// The text of an element that must be there, once.
    pub fn required(&mut self, parent: &Element, name: &str) -> String {
        let mut found = parent.all(name);
        let Some(element) = found.next() else {
            self.fault(parent.local(), format!("element {name} is missing; export the configuration again"));
            return String::new();
        };
        if found.next().is_some() {
            self.fault(parent.local(), format!("element {name} is there twice; keep one"));
        }
        element.text()
    }

    /// As [`Reading::required`], without white space around it and not empty.
    pub fn word(&mut self, parent: &Element, name: &str) -> String {
        let present = parent.child(name).is_some();
        let text = self.required(parent, name).trim().to_owned();
        if present && text.is_empty() {
            self.fault(name, "it is empty; export the configuration again");
        }
        text
    }

    /// A GUID that must be there.
    pub fn guid(&mut self, parent: &Element, name: &str) -> Uuid {
        let text = self.word(parent, name);
        if text.is_empty() { Uuid::nil() } else { self.parse_guid(name, &text) }
    }

    /// A GUID that may be absent, which means the zero GUID.
    pub fn optional_guid(&mut self, parent: &Element, name: &str) -> Uuid {
        let text = parent.text_of(name);
        if text.is_empty() { Uuid::nil() } else { self.parse_guid(name, &text) }
    }

    fn parse_guid(&mut self, name: &str, text: &str) -> Uuid {
        match Uuid::try_parse(text.trim_start_matches('{').trim_end_matches('}')) {
            Ok(guid) => guid,
            Err(_) => {
                self.fault(name, format!("\"{text}\" is not a GUID such as {{b891884f-051e-4a83-95af-2544101c9083}}"));
                Uuid::nil()
            }
        }
    }

    /// A number; absent or empty means `default`.
    pub fn number(&mut self, parent: &Element, name: &str, default: i64) -> i64 {
        let text = parent.text_of(name);
        if text.is_empty() {
            return default;
        }
        match text.parse() {
            Ok(number) => number,
            Err(_) => {
                self.fault(name, format!("\"{text}\" is not a whole number"));
                default
            }
        }
    }

    /// `True` or `False` in any case; absent or empty means false.
    pub fn flag(&mut self, parent: &Element, name: &str) -> bool {
        let text = parent.text_of(name);
        match text.as_str() {
            "" | "0" => false,
            "1" => true,
            _ if text.eq_ignore_ascii_case("true") => true,
            _ if text.eq_ignore_ascii_case("false") => false,
            _ => {
                self.fault(name, format!("\"{text}\" is neither True nor False"));
                false
            }
        }
    }

    /// One of a set of words that must be there; an unknown one is named with those there are.
    pub fn choice<T: Copy>(&mut self, parent: &Element, name: &str, words: &[(&str, T)], default: T) -> T {
        let text = self.word(parent, name);
        if text.is_empty() { default } else { self.parse_choice(name, &text, words, default) }
    }

    /// The meaning of a word; an unknown one is named with those there are.
    pub fn parse_choice<T: Copy>(&mut self, name: &str, text: &str, words: &[(&str, T)], default: T) -> T {
        match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            Some((_, meaning)) => *meaning,
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.fault(name, format!("\"{text}\" is not known; it can be {}", known.join(", ")));
                default
            }
        }
    }

    /// The elements that nobody reads; they are kept as they are.
    pub fn unknown(&mut self, parent: &Element, known: &[&str]) -> Vec<Element> {
        let unknown: Vec<Element> = parent.elements().filter(|element| !known.contains(&element.local())).cloned().collect();
        for element in &unknown {
            self.warn(&element.name, "this program does not know the element; it is kept as it is and has no effect");
        }
        unknown
    }
}

/// A GUID as rule files and folders write it: lower case, in braces.
#[must_use]
pub fn braced(guid: Uuid) -> String {
    guid.braced().to_string()
}

/// A GUID as connector files write it: upper case, in braces.
pub(super) fn braced_upper(guid: Uuid) -> String {
    braced(guid).to_uppercase()
}
