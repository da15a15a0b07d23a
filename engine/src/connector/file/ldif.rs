//! LDIF records, one at a time (RFC 2849).
//!
//! The file is never held in memory: only the record being read is. A line, unfolded, may have 16 MiB
//! and a record may take 256 MiB of memory; what is longer is a bad record, and reading goes on after it.

use std::borrow::Cow;
use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Longest line accepted, unfolded, in bytes.
pub const MAX_LINE: usize = 16 << 20;
/// Largest record accepted, in bytes of memory.
pub const MAX_RECORD: usize = 256 << 20;

/// A file that cannot be read on.
#[derive(Debug, Error)]
pub enum LdifError {
    /// The operating system failed.
    #[error("reading line {line} failed")]
    Read {
        /// Where reading stopped.
        line: u64,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The version line names a version other than 1.
    #[error("line {line}: LDIF version \"{version}\" is not known; only version 1 is")]
    Version {
        /// Line of the version.
        line: u64,
        /// The version found.
        version: String,
    },
    /// The file is in UTF-16.
    #[error("the file is in UTF-16; save it as UTF-8")]
    Utf16,
}

/// What is wrong with a record as a whole or with one of its lines.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LdifFault {
    /// The record does not begin with a DN.
    #[error("the record begins with \"{0}\"; it must begin with \"dn:\"")]
    NoDn(String),
    /// The DN has no characters.
    #[error("the dn is empty")]
    EmptyDn,
    /// The first line of the record continues nothing.
    #[error("the line begins with a blank, but there is no line before it to continue")]
    NothingToContinue,
    /// A line is longer than this number of bytes.
    #[error("the line is longer than {0} bytes")]
    LineTooLong(usize),
    /// The record takes more than this number of bytes.
    #[error("the record is longer than {0} bytes")]
    RecordTooLong(usize),
    /// A line without a colon.
    #[error("\"{0}\" has no \":\" after the attribute name")]
    NoColon(String),
    /// Text before the colon that is no attribute name.
    #[error("\"{0}\" is not an attribute name")]
    Name(String),
    /// A value that is given as the address of another file.
    #[error("the value is the address of another file; write the value itself, base64 after \"::\"")]
    Url,
    /// A value after `::` that is not base64.
    #[error("the value is not base64")]
    Base64,
    /// A value that must be text but is not UTF-8.
    #[error("the value is not UTF-8 text")]
    Utf8,
}

/// One line of a record in the record's buffer.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    line: u64,
}

/// Reads the records of an LDIF file one after another.
#[derive(Debug)]
pub struct LdifReader<R> {
    input: R,
    max_line: usize,
    max_record: usize,
    line: u64,
    begun: bool,
    buffer: Vec<u8>,
    spans: Vec<Span>,
    fault: Option<(u64, LdifFault)>,
}

/// How a physical line ended.
enum LineEnd {
    Eof,
    Complete,
    TooLong,
}

impl<R: BufRead> LdifReader<R> {
    /// Reads from the beginning of `input`.
    pub fn new(input: R) -> Self {
        Self::with_limits(input, MAX_LINE, MAX_RECORD)
    }

    /// As [`Self::new`], with other limits.
    fn with_limits(input: R, max_line: usize, max_record: usize) -> Self {
        let (buffer, spans) = (Vec::new(), Vec::new());
        Self { input, max_line, max_record, line: 0, begun: false, buffer, spans, fault: None }
    }

    /// The next record; `None` at the end of the file.
    ///
    /// # Errors
    /// [`LdifError`] when the file cannot be read on; faults of one record are in the record.
    pub fn next_record(&mut self) -> Result<Option<LdifRecord<'_>>, LdifError> {
        loop {
            self.read_lines()?;
            if !self.begun {
                self.begun = true;
                self.take_version()?;
                if self.spans.is_empty() && self.fault.is_none() && !self.at_end()? {
                    continue;
                }
            }
            let line = self.spans.first().map(|span| span.line).or(self.fault.as_ref().map(|fault| fault.0));
            return Ok(line.map(|line| LdifRecord {
                line,
                buffer: &self.buffer,
                spans: &self.spans,
                fault: self.fault.as_ref(),
            }));
        }
    }

    /// Gathers the unfolded lines up to the next empty line, without comments.
    fn read_lines(&mut self) -> Result<(), LdifError> {
        self.buffer.clear();
        self.spans.clear();
        self.fault = None;
        let mut in_comment = false;
        loop {
            let start = self.buffer.len();
            let end = self.read_line()?;
            if matches!(end, LineEnd::Eof) {
                return Ok(());
            }
            self.line += 1;
            if self.line == 1 && start == 0 {
                self.strip_byte_order_mark()?;
            }
            match self.buffer.get(start) {
                None if self.spans.is_empty() && self.fault.is_none() => in_comment = false,
                None => return Ok(()),
                Some(_) if self.fault.is_some() && !self.spans.is_empty() => self.buffer.truncate(start),
                Some(b'#') => {
                    in_comment = true;
                    self.buffer.truncate(start);
                }
                Some(b' ') if in_comment => self.buffer.truncate(start),
                Some(b' ') => self.unfold(start),
                Some(_) => {
                    in_comment = false;
                    self.spans.push(Span { start, end: self.buffer.len(), line: self.line });
                }
            }
            self.check_length(end);
        }
    }

    /// Reads one physical line to the end of the buffer, without its line end.
    fn read_line(&mut self) -> Result<LineEnd, LdifError> {
        let line = self.line + 1;
        let limit = (self.max_line + 2) as u64;
        let fail = |source| LdifError::Read { line, source };
        let read = (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer).map_err(fail)?;
        if read == 0 {
            return Ok(LineEnd::Eof);
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if read as u64 == limit {
            self.skip_line()?;
            return Ok(LineEnd::TooLong);
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(LineEnd::Complete)
    }

    /// Passes over the rest of a line that is too long to keep.
    fn skip_line(&mut self) -> Result<(), LdifError> {
        loop {
            let line = self.line + 1;
            let available = self.input.fill_buf().map_err(|source| LdifError::Read { line, source })?;
            if available.is_empty() {
                return Ok(());
            }
            let (used, ended) = match available.iter().position(|byte| *byte == b'\n') {
                Some(position) => (position + 1, true),
                None => (available.len(), false),
            };
            self.input.consume(used);
            if ended {
                return Ok(());
            }
        }
    }

    /// Joins the line at `start`, which begins with a blank, to the line before it.
    fn unfold(&mut self, start: usize) {
        match self.spans.last_mut() {
            Some(span) => {
                self.buffer.remove(start);
                span.end = self.buffer.len();
            }
            None => {
                self.fault.get_or_insert((self.line, LdifFault::NothingToContinue));
                self.buffer.truncate(start);
            }
        }
    }

    /// Marks a line or record that is too long, and lets go of all of it but the DN.
    fn check_length(&mut self, end: LineEnd) {
        let last = self.spans.last().copied().unwrap_or(Span { start: 0, end: 0, line: self.line });
        if matches!(end, LineEnd::TooLong) || last.end - last.start > self.max_line {
            self.fault.get_or_insert((last.line, LdifFault::LineTooLong(self.max_line)));
        } else if self.buffer.len() + self.spans.len() * size_of::<Span>() > self.max_record {
            self.fault.get_or_insert((last.line, LdifFault::RecordTooLong(self.max_record)));
        }
        if self.fault.is_some() {
            self.spans.truncate(1);
            let kept = self.spans.first_mut().map_or(0, |first| {
                first.end = first.end.min(first.start + self.max_line);
                first.end
            });
            self.buffer.truncate(kept);
        }
    }

    fn strip_byte_order_mark(&mut self) -> Result<(), LdifError> {
        if self.buffer.starts_with(&[0xff, 0xfe]) || self.buffer.starts_with(&[0xfe, 0xff]) {
            return Err(LdifError::Utf16);
        }
        if self.buffer.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.buffer.drain(..3);
        }
        Ok(())
    }

    /// Takes the version line off the first record.
    fn take_version(&mut self) -> Result<(), LdifError> {
        let Some(span) = self.spans.first().copied() else { return Ok(()) };
        let text = self.buffer.get(span.start..span.end).unwrap_or_default();
        let Some(version) = text.split_at_checked(8).filter(|(name, _)| name.eq_ignore_ascii_case(b"version:")) else {
            return Ok(());
        };
        let version = String::from_utf8_lossy(version.1).trim().to_owned();
        if version != "1" {
            return Err(LdifError::Version { line: span.line, version: version.chars().take(20).collect() });
        }
        self.spans.remove(0);
        Ok(())
    }

    fn at_end(&mut self) -> Result<bool, LdifError> {
        let line = self.line + 1;
        self.input.fill_buf().map(<[u8]>::is_empty).map_err(|source| LdifError::Read { line, source })
    }
}

/// One record, still in the reader's buffer.
#[derive(Debug)]
pub struct LdifRecord<'a> {
    line: u64,
    buffer: &'a [u8],
    spans: &'a [Span],
    fault: Option<&'a (u64, LdifFault)>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Base64,
    Url,
}

/// One line of a record: an attribute and one of its values.
#[derive(Clone, Copy, Debug)]
pub struct LdifLine<'a> {
    /// Line number in the file.
    pub line: u64,
    /// Attribute name without options.
    pub name: &'a str,
    /// Options after the name, separated by `;`; empty when there are none.
    pub options: &'a str,
    encoding: Encoding,
    raw: &'a [u8],
}

impl<'a> LdifRecord<'a> {
    /// Line number of the record's first line.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The DN of the record.
    ///
    /// # Errors
    /// The line at fault and what is wrong with it.
    pub fn dn(&self) -> Result<Cow<'a, str>, (u64, LdifFault)> {
        let Some(first) = self.spans.first() else {
            return Err(self.fault.cloned().unwrap_or((self.line, LdifFault::EmptyDn)));
        };
        let line = self.parse_span(*first)?;
        if !line.name.eq_ignore_ascii_case("dn") {
            return Err((first.line, LdifFault::NoDn(excerpt(line.name.as_bytes()))));
        }
        match line.text().map_err(|fault| (first.line, fault))? {
            text if text.trim().is_empty() => Err((first.line, LdifFault::EmptyDn)),
            text => Ok(text),
        }
    }

    /// What is wrong with the record as a whole.
    #[must_use]
    pub fn fault(&self) -> Option<&'a (u64, LdifFault)> {
        self.fault
    }

    /// The lines after the DN.
    pub fn lines(&self) -> impl Iterator<Item = Result<LdifLine<'a>, (u64, LdifFault)>> + '_ {
        self.spans.iter().skip(1).map(|span| self.parse_span(*span))
    }

    fn parse_span(&self, span: Span) -> Result<LdifLine<'a>, (u64, LdifFault)> {
        let bytes = self.buffer.get(span.start..span.end).unwrap_or_default();
        parse_line(bytes, span.line).map_err(|fault| (span.line, fault))
    }
}

fn parse_line(bytes: &[u8], line: u64) -> Result<LdifLine<'_>, LdifFault> {
    let colon = bytes.iter().position(|byte| *byte == b':').ok_or_else(|| LdifFault::NoColon(excerpt(bytes)))?;
    let (description, rest) = bytes.split_at(colon);
    let description = std::str::from_utf8(description).ok().filter(|text| is_description(text));
    let description = description.ok_or_else(|| LdifFault::Name(excerpt(bytes.get(..colon).unwrap_or_default())))?;
    let (name, options) = description.split_once(';').unwrap_or((description, ""));
    let (encoding, raw) = match rest {
        [_, b':', raw @ ..] => (Encoding::Base64, raw),
        [_, b'<', raw @ ..] => (Encoding::Url, raw),
        [_, raw @ ..] => (Encoding::Plain, raw),
        [] => (Encoding::Plain, rest),
    };
    let blanks = raw.iter().take_while(|byte| **byte == b' ').count();
    Ok(LdifLine { line, name, options, encoding, raw: raw.get(blanks..).unwrap_or_default() })
}

/// True for a name or numeric identifier, with or without options after `;`.
fn is_description(text: &str) -> bool {
    let made_of = |part: &str, others: &[u8]| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
    };
    let mut parts = text.split(';');
    parts.next().is_some_and(|name| made_of(name, b"-._")) && parts.all(|option| made_of(option, b"-._=*"))
}

/// The beginning of a line, for messages.
fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(60)).unwrap_or_default()).into_owned()
}

impl<'a> LdifLine<'a> {
    /// The bytes of the value.
    ///
    /// # Errors
    /// [`LdifFault`] when they are not base64 or stand in another file.
    pub fn bytes(&self) -> Result<Cow<'a, [u8]>, LdifFault> {
        match self.encoding {
            Encoding::Plain => Ok(Cow::Borrowed(self.raw)),
            Encoding::Base64 => STANDARD.decode(self.raw.trim_ascii()).map(Cow::Owned).ok().ok_or(LdifFault::Base64),
            Encoding::Url => Err(LdifFault::Url),
        }
    }

    /// The value as text.
    ///
    /// # Errors
    /// [`LdifFault`] when the value cannot be had or is not UTF-8.
    pub fn text(&self) -> Result<Cow<'a, str>, LdifFault> {
        match self.bytes()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok().ok_or(LdifFault::Utf8),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok().ok_or(LdifFault::Utf8),
        }
    }

    /// The value as it stands in the file, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        excerpt(self.raw)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    /// Renders records as `line|dn|name;options=value|...`, faults as `line!fault`.
    fn read(bytes: &[u8]) -> Result<Vec<String>, LdifError> {
        render(LdifReader::new(BufReader::with_capacity(7, bytes)))
    }

    fn render(mut reader: LdifReader<impl BufRead>) -> Result<Vec<String>, LdifError> {
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            let mut parts = vec![record.line().to_string()];
            match record.dn() {
                Ok(dn) => parts.push(dn.into_owned()),
                Err((line, fault)) => parts.push(format!("{line}!{fault}")),
            }
            if let Some((line, fault)) = record.fault() {
                parts.push(format!("{line}!{fault}"));
            }
            for line in record.lines() {
                parts.push(match line {
                    Ok(line) => {
                        let semicolon = if line.options.is_empty() { "" } else { ";" };
                        let value = line.text().map_or_else(|fault| format!("!{fault}"), Cow::into_owned);
                        format!("{}{semicolon}{}={value}", line.name, line.options)
                    }
                    Err((line, fault)) => format!("{line}!{fault}"),
                });
            }
            records.push(parts.join("|"));
        }
        Ok(records)
    }

    #[test]
    fn records_are_taken_apart() {
        let check = |text: &str, expected: &[&str]| assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text:?}");
        check("", &[]);
        check("\n\n# only a comment\n", &[]);
        check("version: 1\n", &[]);
        check("dn: DC=x\ncn: a\n", &["1|DC=x|cn=a"]);
        check("version: 1\ndn: DC=x\n", &["2|DC=x"]);
        check("version: 1\n\n\n\ndn: DC=x\n", &["5|DC=x"]);
        check("# note\nversion: 1\r\n\r\ndn: DC=x\r\ncn: a\r\n\r\ndn: DC=y", &["4|DC=x|cn=a", "7|DC=y"]);
        check("\u{feff}dn: DC=x\n", &["1|DC=x"]);
        check("DN: DC=x\ncn:a\ncn:    b\n", &["1|DC=x|cn=a|cn=b"]);
        check("dn: CN=lo\n ng,DC=x\ndescription: one \n two\n  three\n", &["1|CN=long,DC=x|description=one two three"]);
        check("dn: DC=x\n# a comment\n  that goes on\ncn: a\n# b\nsn: c\n", &["1|DC=x|cn=a|sn=c"]);
        check("dn:: REM9eA==\ncn:: w6Q=\n", &["1|DC=x|cn=ä"]);
        check("dn: DC=x\ncn:: w6\n Q=\n", &["1|DC=x|cn=ä"]);
        check(
            "dn: DC=x\nuserCertificate;binary:: YQ==\nmember;range=0-9: b\n",
            &["1|DC=x|userCertificate;binary=a|member;range=0-9=b"],
        );
        check("dn: CN=Müller,DC=x\n", &["1|CN=Müller,DC=x"]);
        check("dn: DC=x\ndescription:\nurl: http://x:8/\n", &["1|DC=x|description=|url=http://x:8/"]);
        check("dn: DC=x\n1.2.840.113556.1.4.1: a\n", &["1|DC=x|1.2.840.113556.1.4.1=a"]);
        check("dn: DC=x\nversion: 7\n", &["1|DC=x|version=7"]);
    }

    #[test]
    fn faults_name_their_line_and_the_rest_goes_on() {
        let check = |text: &[u8], expected: &[&str]| assert_eq!(read(text).unwrap(), expected, "{:?}", text.escape_ascii());
        check(
            b"cn: a\ndn: DC=x\n\ndn: DC=y\n",
            &["1|1!the record begins with \"cn\"; it must begin with \"dn:\"|dn=DC=x", "4|DC=y"],
        );
        check(b"dn:\n\ndn: DC=y\n", &["1|1!the dn is empty", "3|DC=y"]);
        check(b"dn:: !!\n", &["1|1!the value is not base64"]);
        check(b"dn: \xff\n", &["1|1!the value is not UTF-8 text"]);
        check(
            b"\n x\ndn: DC=x\n\ndn: DC=y\n",
            &["3|DC=x|2!the line begins with a blank, but there is no line before it to continue", "5|DC=y"],
        );
        let blank = "1!the line begins with a blank, but there is no line before it to continue";
        check(b" x\n", &[&format!("1|{blank}|{blank}")]);
        check(b"dn: DC=x\nnocolon\ncn: a\n", &["1|DC=x|2!\"nocolon\" has no \":\" after the attribute name|cn=a"]);
        check(b"dn: DC=x\nfirst name: a\n", &["1|DC=x|2!\"first name\" is not an attribute name"]);
        check(b"dn: DC=x\n: a\n", &["1|DC=x|2!\"\" is not an attribute name"]);
        check(
            b"dn: DC=x\nphoto:< file:///etc/passwd\n",
            &["1|DC=x|photo=!the value is the address of another file; write the value itself, base64 after \"::\""],
        );
        check(b"dn: DC=x\ncn:: a b\n", &["1|DC=x|cn=!the value is not base64"]);
        check(b"dn: DC=x\ncn:: /w==\n", &["1|DC=x|cn=!the value is not UTF-8 text"]);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let check = |record: &str, expected: &str| {
            let text = format!("{record}\n\ndn: DC=y\ncn: c\n");
            let reader = LdifReader::with_limits(BufReader::with_capacity(7, text.as_bytes()), 20, 200);
            let records = render(reader).unwrap();
            assert_eq!(records.len(), 2, "{records:?}");
            assert_eq!(records[0], expected);
            assert!(records[1].ends_with("|DC=y|cn=c"), "{records:?}");
        };
        let twenty = "cn: 4567890123456789";
        check(&format!("dn: DC=x\n{twenty}\r"), "1|DC=x|cn=4567890123456789");
        check(&format!("dn: DC=x\n{twenty}0\nsn: b"), "1|DC=x|2!the line is longer than 20 bytes");
        check(&format!("dn: DC=x\n{twenty}\n 0\nsn: b"), "1|DC=x|2!the line is longer than 20 bytes");
        check(&format!("dn: DC=x\ncn: {}\n folded\nsn: b", "v".repeat(500)), "1|DC=x|2!the line is longer than 20 bytes");
        check(&format!("dn: DC=x\n{}", "cn: 456\n".repeat(7).trim()), "1|DC=x|7!the record is longer than 200 bytes");
        check(&format!("dn: CN={}", "v".repeat(500)), "1|CN=vvvvvvvvvvvvv|1!the line is longer than 20 bytes");
    }

    #[test]
    fn files_that_are_no_ldif_end_the_reading() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(read(bytes).unwrap_err().to_string(), expected);
        check(b"version: 2\n\ndn: DC=x\n", "line 1: LDIF version \"2\" is not known; only version 1 is");
        check(b"# x\nversion:one\n", "line 2: LDIF version \"one\" is not known; only version 1 is");
        check(b"\xff\xfed\0n\0", "the file is in UTF-16; save it as UTF-8");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            if let Ok(records) = read(&bytes) {
                prop_assert!(records.len() <= lines);
            }
        }

        #[test]
        fn any_lines_of_ldif_letters_are_read_without_panic(text in "(dn|cn|version|[: #;<=a]|\n|\r\n){0,80}") {
            let lines = text.lines().count();
            if let Ok(records) = read(text.as_bytes()) {
                prop_assert!(records.len() <= lines);
            }
        }

        #[test]
        fn a_folded_value_reads_as_the_unfolded_one(value in "[a-z ]{1,60}x", width in 1usize..20) {
            let line = format!("cn: {value}");
            let plain = format!("dn: DC=x\n{line}\n");
            let folded: Vec<String> = line.as_bytes().chunks(width + 3).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            let folded = format!("dn: DC=x\n{}\n", folded.join("\n "));
            prop_assert_eq!(read(plain.as_bytes()).unwrap(), read(folded.as_bytes()).unwrap());
        }
    }
}
