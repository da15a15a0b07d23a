//! XML as a tree: read with bounds and without entities of its own, written as the original writes it.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Elements inside one another; a real configuration needs about 12.
const DEEPEST: usize = 64;
/// Elements of one file; the largest real file has about 50,000.
const MOST_ELEMENTS: usize = 1_000_000;
/// Attributes of one element.
const MOST_ATTRIBUTES: usize = 64;

/// An element with its attributes and contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Name as written, with its prefix.
    pub name: String,
    /// Attributes in order, names as written.
    pub attributes: Vec<(String, String)>,
    /// Contents. White space between elements is not kept.
    pub children: Vec<Node>,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Another element.
    Element(Element),
    /// Text, with its entities resolved.
    Text(String),
    /// A comment.
    Comment(String),
}

/// A text that is not XML, or more of it than any configuration needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct XmlFault {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element that holds a text.
    #[must_use]
    pub fn of_text(name: &str, text: impl Into<String>) -> Self {
        Self::new(name).with_text(text)
    }

    /// Adds a text; an empty one leaves the element empty.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.children.push(Node::Text(text));
        }
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an element.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// Adds elements.
    #[must_use]
    pub fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }

    /// Adds an element.
    pub fn push(&mut self, child: Self) {
        self.children.push(Node::Element(child));
    }

    /// The name without its prefix.
    #[must_use]
    pub fn local(&self) -> &str {
        local(&self.name)
    }

    /// An attribute, by its name without prefix.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| local(known) == name).map(|(_, value)| value.as_str())
    }

    /// The elements inside.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Comment(_) => None,
        })
    }

    /// The elements of a name, given without prefix.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.elements().filter(move |element| element.local() == name)
    }

    /// The first element of a name, given without prefix.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.local() == name)
    }

    /// The element at the end of a path of names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Changes the first element of a name, if there is one.
    pub(super) fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.find_mut(&|element| element.local() == name)
    }

    /// Changes the first element inside that passes a test, if there is one.
    pub(super) fn find_mut(&mut self, test: &dyn Fn(&Self) -> bool) -> Option<&mut Self> {
        self.children.iter_mut().find_map(|node| match node {
            Node::Element(element) if test(element) => Some(element),
            Node::Element(_) | Node::Text(_) | Node::Comment(_) => None,
        })
    }

    /// Puts an element in the place of the first one with its name, or at the end.
    pub(super) fn replace(&mut self, child: Self) {
        match self.child_mut(local(&child.name)) {
            Some(place) => *place = child,
            None => self.push(child),
        }
    }

    /// The text inside, as written.
    #[must_use]
    pub fn text(&self) -> String {
        let parts: Vec<&str> = self
            .children
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) | Node::Comment(_) => None,
            })
            .collect();
        parts.concat()
    }

    /// The text of the first element of a name, without white space around it; empty when there is none.
    #[must_use]
    pub fn text_of(&self, name: &str) -> String {
        self.child(name).map(|child| child.text().trim().to_owned()).unwrap_or_default()
    }

    /// The document: two spaces for each level, no declaration, nothing after the last tag.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, '"');
        out
    }

    /// As [`Element::render`], with apostrophes around the attributes of the outermost element.
    pub(super) fn render_with_apostrophes(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, '\'');
        out
    }

    fn write(&self, out: &mut String, depth: usize, quote: char) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push('=');
            out.push(quote);
            escape(out, value, Some(quote));
            out.push(quote);
        }
        if self.children.is_empty() {
            out.push_str(" />");
            return;
        }
        out.push('>');
        // Where there is text, white space counts.
        let mixed = self.children.iter().any(|node| matches!(node, Node::Text(_)));
        for child in &self.children {
            if !mixed {
                line(out, depth + 1);
            }
            match child {
                Node::Element(element) => element.write(out, depth + 1, '"'),
                Node::Text(text) => escape(out, text, None),
                Node::Comment(text) => {
                    out.push_str("<!--");
                    out.push_str(&text.replace("--", "- -"));
                    out.push_str("-->");
                }
            }
        }
        if !mixed {
            line(out, depth);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Writes text so that it reads back the same. What XML cannot hold at all is shown as U+FFFD.
fn escape(out: &mut String, text: &str, quote: Option<char>) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quote == Some('"') => out.push_str("&quot;"),
            '\'' if quote == Some('\'') => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' if quote.is_some() => out.push_str(&format!("&#{};", u32::from(character))),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Element, XmlFault> {
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let place = reader.error_position();
                return Err(XmlFault { line: line_at(text, place), reason: format!("it is not well-formed XML: {error}") });
            }
        };
        let taken = match event {
            Event::Start(start) => tree.open(&start),
            Event::Empty(start) => tree.open(&start).and_then(|()| tree.close()),
            Event::End(_) => tree.close(),
            Event::Text(text) => text.xml10_content().map_err(|error| error.to_string()).map(|text| tree.text(&text)),
            Event::CData(text) => text.xml10_content().map_err(|error| error.to_string()).map(|text| tree.text(&text)),
            Event::GeneralRef(reference) => resolve(&reference).map(|text| tree.text(&text)),
            Event::Comment(text) => text.xml10_content().map_err(|error| error.to_string()).map(|text| tree.comment(&text)),
            Event::DocType(_) => {
                Err("it has a document type declaration, which no exported configuration has; remove it".to_owned())
            }
            Event::Decl(_) | Event::PI(_) => Ok(()),
            Event::Eof => break,
        };
        taken.map_err(|reason| XmlFault { line: line_at(text, reader.buffer_position()), reason })?;
    }
    let missing = || XmlFault { line: line_at(text, text.len() as u64), reason: "it ends in the middle".to_owned() };
    if tree.open.is_empty() { tree.root.ok_or_else(missing) } else { Err(missing()) }
}

fn line_at(text: &str, place: u64) -> usize {
    let place = usize::try_from(place).unwrap_or(usize::MAX).min(text.len());
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| error.to_string())?;
    resolve_xml_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| format!("the entity \"&{name};\" is not defined; write its text instead"))
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err(format!("elements are nested more than {DEEPEST} deep"));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err("it has a second outermost element".to_owned());
        }
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(format!("it has more than {MOST_ELEMENTS} elements"));
        }
        let mut element = Element::new(&String::from_utf8_lossy(start.name().as_ref()));
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            if element.attributes.len() >= MOST_ATTRIBUTES {
                return Err(format!("element {} has more than {MOST_ATTRIBUTES} attributes", element.name));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            element.attributes.push((String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(mut element) = self.open.pop() else { return Err("an element ends that never began".to_owned()) };
        if element.elements().next().is_some() {
            element.children.retain(|node| !matches!(node, Node::Text(text) if text.trim().is_empty()));
        }
        match self.open.last_mut() {
            Some(parent) => parent.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let Some(element) = self.open.last_mut() else { return };
        match element.children.last_mut() {
            Some(Node::Text(known)) => known.push_str(text),
            _ if text.is_empty() => {}
            _ => element.children.push(Node::Text(text.to_owned())),
        }
    }

    fn comment(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.children.push(Node::Comment(text.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_read_back_as_they_were_written() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text).unwrap().render(), expected, "{text}");
        check("<a/>", "<a />");
        check("<a></a>", "<a />");
        check("\u{feff}<a>x</a>".trim_start_matches('\u{feff}'), "<a>x</a>");
        check("<?xml version=\"1.0\"?>\r\n<a>\r\n <b c='1'/>\r\n</a>\r\n", "<a>\n  <b c=\"1\" />\n</a>");
        check("<a>[x] &amp;&amp; [y] &gt; 1 &#x41;&lt;</a>", "<a>[x] &amp;&amp; [y] &gt; 1 A&lt;</a>");
        check("<a><![CDATA[<&>]]></a>", "<a>&lt;&amp;&gt;</a>");
        check("<a b='\"'/>", "<a b=\"&quot;\" />");
        check("<a>one\r\ntwo</a>", "<a>one\ntwo</a>");
        check("<a> </a>", "<a> </a>");
        check("<m:a><!--x--><m:b/></m:a>", "<m:a>\n  <!--x-->\n  <m:b />\n</m:a>");
        let element = parse("<m:a m:id='7'><n:b>1</n:b><b>2</b></m:a>").unwrap();
        assert_eq!((element.local(), element.attribute("id"), element.text_of("b").as_str()), ("a", Some("7"), "1"));
        assert_eq!(Element::new("a").with_attribute("b", "it's").render_with_apostrophes(), "<a b='it&apos;s' />");
    }

    #[test]
    fn hostile_documents_are_refused_with_their_line() {
        let check = |text: &str, line: usize, words: &str| {
            let fault = parse(text).unwrap_err();
            assert!(fault.reason.contains(words) && fault.line == line, "{fault:?}");
        };
        check("", 1, "ends in the middle");
        check("<a>\n<b>\n</a>", 3, "not well-formed");
        check("<a>\n", 2, "ends in the middle");
        check("<a/><a/>", 1, "second outermost");
        check("<!DOCTYPE a [<!ENTITY x \"y\">]>\n<a>&x;</a>", 1, "document type");
        check("<a>\n&x;</a>", 2, "\"&x;\" is not defined");
        check("<a b='&x;'/>", 1, "x");
        check(&"<a>".repeat(DEEPEST + 1), 1, "nested");
        let attributes: String = (0..=MOST_ATTRIBUTES).map(|number| format!(" a{number}=''")).collect();
        check(&format!("<a{attributes}/>"), 1, "attributes");
        check("<a b='1' b='2'/>", 1, "");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "[\\t\\n\\r -~\\u{a0}-\\u{2fff}]{1,40}", value in "[\\t\\n\\r -~\\u{a0}-\\u{2fff}]{0,40}") {
            let element = Element::of_text("a", text).with_attribute("b", value);
            prop_assert_eq!(parse(&element.render()).unwrap(), element);
        }

        #[test]
        fn nothing_makes_the_reader_panic(text in "[<>/a!\\[\\]&;'\"= -]{0,60}") {
            parse(&text).ok();
        }
    }
}
