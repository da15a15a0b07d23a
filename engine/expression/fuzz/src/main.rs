//! Feeds texts to everything of the expression language that reads them, and checks the laws that hold for every text.
//!
//! An input that begins with an ASCII character is a text as it is; any other input is the plan of a well-formed
//! expression and of the object that it reads.

#![no_main]

mod generate;
mod laws;
mod seeds;

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: seeds::plant(),
    |data: &[u8]| {
        match data.split_first() {
            Some((first, plan)) if !first.is_ascii() => {
                let mut plan = Unstructured::new(plan);
                let object = generate::object(&mut plan);
                let text = generate::expression(&mut plan);
                laws::check(&text, &object);
            }
            _ => laws::check(&String::from_utf8_lossy(data), &generate::fixed_object()),
        }
    }
);
