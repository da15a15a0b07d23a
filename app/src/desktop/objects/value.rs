//! The Value window: one value in full, as text, hexadecimal, GUID or security identifier.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egui::{RichText, ScrollArea, TextEdit, TextStyle, Ui};
use syncline_engine::model::{ValueType, sid_text};
use uuid::Uuid;

use super::super::command::ValueShown;
use super::super::format::{count, plural, shortened};
use super::super::widgets::{button_bar, facts};

/// Bytes of a line of the hexadecimal view.
const LINE: usize = 16;

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Base64,
    Hex,
    Guid,
    Sid,
}

impl Form {
    fn label(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Base64 => "Base64",
            Self::Hex => "Hex",
            Self::Guid => "GUID",
            Self::Sid => "SID",
        }
    }

    /// The forms for values of a type, the usual one first.
    fn of(kind: ValueType) -> &'static [Self] {
        match kind {
            ValueType::Binary => &[Self::Base64, Self::Hex, Self::Guid, Self::Sid],
            _ => &[Self::Text, Self::Hex],
        }
    }
}

/// A value as bytes and in each form that it has.
struct Shown {
    bytes: Vec<u8>,
    text: String,
    guid: Option<String>,
    sid: Option<String>,
}

impl Shown {
    fn new(kind: ValueType, text: &str) -> Self {
        let binary = kind == ValueType::Binary;
        let bytes = if binary { STANDARD.decode(text).ok() } else { None }.unwrap_or_else(|| text.as_bytes().to_vec());
        let octets = <[u8; 16]>::try_from(bytes.as_slice()).ok().filter(|_| binary);
        Self {
            guid: octets.map(|octets| Uuid::from_bytes_le(octets).to_string()),
            sid: if binary { sid_text(&bytes) } else { None },
            text: text.to_owned(),
            bytes,
        }
    }

    /// The value in a form; why not, when it has none.
    fn written(&self, form: Form) -> Result<String, &'static str> {
        match form {
            Form::Text | Form::Base64 => Ok(self.text.clone()),
            Form::Hex => Ok(hex(&self.bytes)),
            Form::Guid => self.guid.clone().ok_or("A GUID has 16 bytes"),
            Form::Sid => self.sid.clone().ok_or("The bytes are no security identifier"),
        }
    }

    fn length(&self, kind: ValueType) -> String {
        let bytes = plural(self.bytes.len() as u64, "byte");
        if kind == ValueType::Binary {
            bytes
        } else {
            format!("{}, {bytes}", plural(self.text.chars().count() as u64, "character"))
        }
    }
}

/// Two digits for each byte.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

/// A line of the hexadecimal view: where it begins, its bytes, and their letters.
fn hex_line(number: usize, bytes: &[u8]) -> String {
    let mut text = format!("{:08x}  ", number * LINE);
    for place in 0..LINE {
        match bytes.get(place) {
            Some(byte) => write!(text, "{byte:02x} "),
            None => write!(text, "   "),
        }
        .ok();
        if place == LINE / 2 - 1 {
            text.push(' ');
        }
    }
    text.push(' ');
    text.extend(bytes.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }));
    text
}

/// State of the window.
pub struct ValueWindow {
    /// The value shown.
    pub about: ValueShown,
    old: Shown,
    new: Shown,
    shows_old: bool,
    form: Form,
    whole: bool,
}

impl ValueWindow {
    /// Opens on a value.
    #[must_use]
    pub fn new(about: ValueShown) -> Self {
        let form = Form::of(about.value_type).first().copied().unwrap_or(Form::Text);
        Self {
            old: Shown::new(about.value_type, &about.old),
            new: Shown::new(about.value_type, &about.new),
            shows_old: about.new.is_empty() && !about.old.is_empty(),
            form,
            whole: false,
            about,
        }
    }

    /// Title of the window.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Value of {}", self.about.attribute)
    }

    /// Draws the contents; true when the window shall close.
    pub fn show(&mut self, ui: &mut Ui) -> bool {
        let kind = self.about.value_type;
        let two = self.about.old != self.about.new && !self.about.old.is_empty() && !self.about.new.is_empty();
        ui.add(egui::Label::new(RichText::new(&self.about.object).strong()).truncate());
        let shown = if self.shows_old { &self.old } else { &self.new };
        ui.horizontal_wrapped(|ui| {
            facts::fact(ui, "Attribute", &self.about.attribute);
            facts::fact(ui, "Type", kind.word());
            facts::fact(ui, "Length", &shown.length(kind));
        });
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            if two {
                ui.radio_value(&mut self.shows_old, true, "Old value");
                ui.radio_value(&mut self.shows_old, false, "New value");
                ui.separator();
            }
            for form in Form::of(kind) {
                let possible = shown.written(*form);
                let button = ui.add_enabled(possible.is_ok(), egui::RadioButton::new(self.form == *form, form.label()));
                if button.on_disabled_hover_text(possible.err().unwrap_or_default()).clicked() {
                    self.form = *form;
                }
            }
        });
        ui.add_space(4.0);
        let shown = if self.shows_old { &self.old } else { &self.new };
        let written = shown.written(self.form).unwrap_or_else(|_| shown.text.clone());
        let mut whole = self.whole;
        let short = shortened(&written).filter(|_| !whole && self.form != Form::Hex);
        let close = button_bar::close(ui, |ui| {
            if ui.button("Copy").clicked() {
                ui.ctx().copy_text(written.clone());
            }
            if short.is_some() {
                let all = format!("Show all ({} characters)", count(written.chars().count() as u64));
                whole = ui.button(all).clicked();
            }
        });
        egui::CentralPanel::no_frame().show(ui, |ui| match self.form {
            Form::Hex => hex_view(ui, &shown.bytes),
            _ => text_view(ui, short.unwrap_or(&written)),
        });
        self.whole = whole;
        close
    }
}

fn text_view(ui: &mut Ui, mut text: &str) {
    ScrollArea::vertical().id_salt("value").auto_shrink(false).show(ui, |ui| {
        let edit = TextEdit::multiline(&mut text).font(TextStyle::Monospace).desired_width(f32::INFINITY).id_salt("text");
        ui.add(edit).accessible_name("Value");
    });
}

/// Only the lines in view are drawn.
fn hex_view(ui: &mut Ui, bytes: &[u8]) {
    let height = ui.text_style_height(&TextStyle::Monospace);
    let lines: Vec<&[u8]> = bytes.chunks(LINE).collect();
    ScrollArea::both().id_salt("value").auto_shrink(false).show_rows(ui, height, lines.len().max(1), |ui, range| {
        if lines.is_empty() {
            ui.weak("No bytes.");
        }
        for (number, line) in lines.iter().enumerate().skip(range.start).take(range.len()) {
            ui.add(egui::Label::new(RichText::new(hex_line(number, line)).monospace()).extend());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_in_each_form_that_it_has() {
        let check = |kind, text: &str, form, expected: Result<&str, &'static str>| {
            assert_eq!(Shown::new(kind, text).written(form), expected.map(str::to_owned), "{text} {form:?}");
        };
        let (binary, string) = (ValueType::Binary, ValueType::String);
        check(binary, "AQIDBA==", Form::Base64, Ok("AQIDBA=="));
        check(binary, "AQIDBA==", Form::Hex, Ok("01020304"));
        check(binary, "AQIDBA==", Form::Guid, Err("A GUID has 16 bytes"));
        check(binary, "AQIDBA==", Form::Sid, Err("The bytes are no security identifier"));
        check(binary, "MyIRAFVEd2aImaq7zN3u/w==", Form::Guid, Ok("00112233-4455-6677-8899-aabbccddeeff"));
        check(binary, "AQIAAAAAAAUgAAAAIAIAAA==", Form::Sid, Ok("S-1-5-32-544"));
        check(string, "Aé", Form::Hex, Ok("41c3a9"));
        check(string, "abcdefghijklmnop", Form::Guid, Err("A GUID has 16 bytes"));
    }

    #[test]
    fn a_line_shows_bytes_and_letters() {
        assert_eq!(hex_line(1, b"Ada\n"), format!("00000010  41 64 61 0a {}Ada.", " ".repeat(38)));
        let full = hex_line(0, b"0123456789abcdef");
        assert_eq!(full, "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef");
        assert_eq!(full.len(), hex_line(1, b"Ada\n").len() + 12);
    }
}
