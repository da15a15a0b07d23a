//! A what-if as one page for a browser: no script, no network.

use std::io::Write;

use syncline_engine::service::{ChangedAttribute, Engine, ObjectChange, SpaceSummary, WhatIfReport};

use super::text::{difference, exports, kind_title, title};
use super::{each_kind, put};
use crate::cli::exit::Failure;
use crate::cli::text::{View, safe};

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #b3261e; --accent: #2563a8 }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --accent: #8ab8ee } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2rem }
p.about { margin-top: 0; opacity: .8 }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600 } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.warning { border-left: 4px solid var(--bad); background: var(--soft); padding: .6rem 1rem; margin: 1rem 0 }
.warning h2 { margin: 0; color: var(--bad) } .bad { color: var(--bad); font-weight: 600 }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0 } summary { cursor: pointer; padding: .5rem .8rem; font-weight: 600 }
details > :not(summary) { margin: .2rem .8rem .8rem } .object { border-top: 1px solid var(--line); padding: .5rem 0 }
.name { font-weight: 600; overflow-wrap: anywhere } .why { opacity: .8 } .rule { color: var(--accent) }
";

/// Text made harmless for a page.
fn escape(text: &str) -> String {
    let text = safe(text);
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Writes the page.
pub fn write(engine: &Engine, report: &WhatIfReport, limit: u64, view: &View, out: &mut dyn Write) -> Result<(), Failure> {
    put(out, &head(report, view))?;
    put(out, &summary(report))?;
    put(out, "<h2>Objects</h2>\n")?;
    each_kind(engine, report, limit, &mut |space, page| {
        let Some(first) = page.rows.first() else { return Ok(()) };
        let open = if page.total <= 20 { " open" } else { "" };
        let kind = kind_title(first.kind, space.space.is_empty());
        put(out, &format!("<details{open}><summary>{}: {kind} ({})</summary>\n<div>\n", escape(&space.name), page.total))?;
        for change in &page.rows {
            put(out, &object(change))?;
        }
        let left = page.total.saturating_sub(page.rows.len() as u64);
        if left > 0 {
            put(out, &format!("<p class=why>... and {left} more; the formats csv and json hold all of them.</p>\n"))?;
        }
        put(out, "</div></details>\n")
    })?;
    put(out, "</body>\n</html>\n")
}

fn head(report: &WhatIfReport, view: &View) -> String {
    let number = report.number;
    let mut text = format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=viewport content=\"width=device-width\">\n<title>What-if {number}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>What-if {number}</h1>\n<p class=about>{}, {}</p>\n",
        escape(&title(report)),
        escape(&view.time(report.started))
    );
    if !report.warnings.is_empty() {
        text.push_str("<div class=warning><h2>Read this first</h2><ul>\n");
        for warning in &report.warnings {
            text.push_str(&format!("<li>{}</li>\n", escape(warning)));
        }
        text.push_str("</ul></div>\n");
    }
    text
}

fn summary(report: &WhatIfReport) -> String {
    let mut text = String::new();
    if !report.rules.is_empty() {
        text.push_str("<h2>Rules of the file</h2>\n<table><tr><th>Rule<th>Connector<th>Direction<th>Change</tr>\n");
        for rule in &report.rules {
            text.push_str(&row(&[&rule.rule, &rule.connector, &rule.direction, &rule.change]));
        }
        text.push_str("</table>\n");
    }
    text.push_str("<h2>Synchronizations</h2>\n<table><tr><th>Connector<th>Status<th class=n>Errors</tr>\n");
    for step in &report.steps {
        text.push_str(&format!(
            "<tr><td>{}<td>{}<td class=n>{}</tr>\n",
            escape(&step.connector),
            escape(&step.status),
            step.errors
        ));
    }
    text.push_str(
        "</table>\n<h2>Summary</h2>\n<table><tr><th><th class=n>New<th class=n>Changed<th class=n>Joined<th class=n>Disconnected\
         <th class=n>Deleted<th class=n>Removed<th class=n>Restored<th class=n>New errors<th class=n>Gone errors\
         <th>Exports now<th>Exports then<th>Deletion threshold</tr>\n",
    );
    report.spaces.iter().for_each(|space| text.push_str(&space_row(space)));
    text.push_str("</table>\n");
    text
}

fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

fn space_row(space: &SpaceSummary) -> String {
    let numbers: String = space.counts().iter().map(|number| format!("<td class=n>{number}")).collect();
    let (now, then) = if space.space.is_empty() {
        (String::new(), String::new())
    } else {
        (exports(space.exports_before), exports(space.exports_after))
    };
    let threshold = match (space.deletion_limit, space.exceeds_limit) {
        (None, _) => String::new(),
        (Some(limit), true) => format!("{limit} <span class=bad>exceeded</span>"),
        (Some(limit), false) => limit.to_string(),
    };
    format!("<tr><td>{}{numbers}<td>{}<td>{}<td>{threshold}</tr>\n", escape(&space.name), escape(&now), escape(&then))
}

fn object(change: &ObjectChange) -> String {
    let name = change.display_name.as_ref().map(|name| format!("{name} · ")).unwrap_or_default();
    let mut text = format!("<div class=object><div class=name>{}</div>\n", escape(&format!("{name}{}", change.name)));
    let mut facts: Vec<String> = Vec::new();
    if !change.object_type.is_empty() {
        facts.push(escape(&change.object_type));
    }
    if let Some(name) = &change.new_name {
        facts.push(format!("renamed to {}", escape(name)));
    }
    if !change.reason.is_empty() {
        facts.push(escape(&change.reason));
    }
    if !change.rule.is_empty() {
        facts.push(format!("<span class=rule>{}</span>", escape(&change.rule)));
    }
    if !facts.is_empty() {
        text.push_str(&format!("<div class=why>{}</div>\n", facts.join(" · ")));
    }
    if let Some(error) = &change.error {
        text.push_str(&format!(
            "<div class=bad>error {}: {}: {}</div>\n",
            error.change.word(),
            escape(&error.code),
            escape(&error.message)
        ));
    }
    if !change.attributes.is_empty() {
        text.push_str("<table><tr><th>Attribute<th>Change<th>Values<th>Rule</tr>\n");
        change.attributes.iter().for_each(|attribute| text.push_str(&attribute_row(attribute)));
        text.push_str("</table>\n");
    }
    text.push_str("</div>\n");
    text
}

fn attribute_row(attribute: &ChangedAttribute) -> String {
    let rule = match &attribute.old_rule {
        Some(old) => format!("{} (before: {old})", attribute.rule),
        None => attribute.rule.clone(),
    };
    row(&[&attribute.name, attribute.change.word(), &difference(attribute), &rule])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_become_markup() {
        assert_eq!(escape("<b>\"A\" & 'B'</b>\u{202e}"), "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;\\u{202e}");
    }
}
