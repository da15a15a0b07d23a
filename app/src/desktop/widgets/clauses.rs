//! Conditions of a search: rows of attribute, operator and value, and whether all must hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egui::{ComboBox, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::model::{Dn, ValueType, sid_bytes};
use syncline_engine::service::{SearchClause, SearchOperator};
use uuid::Uuid;

use super::super::format::plural;
use super::super::rules_editor::choice::{Item, choose};
use super::badge::{self, Tone};

/// The operators for values of a type.
#[must_use]
pub fn operators(kind: ValueType) -> &'static [SearchOperator] {
    use SearchOperator as O;
    match kind {
        ValueType::String => &[O::Equals, O::Contains, O::NotContains, O::StartsWith, O::EndsWith, O::IsPresent, O::IsNotPresent],
        ValueType::Integer | ValueType::Boolean | ValueType::Binary | ValueType::Reference => {
            &[O::Equals, O::IsPresent, O::IsNotPresent]
        }
    }
}

/// What is wrong with a clause.
#[must_use]
pub fn problem(clause: &SearchClause, kind: ValueType) -> Option<String> {
    if matches!(clause.operator, SearchOperator::IsPresent | SearchOperator::IsNotPresent) {
        return None;
    }
    if clause.value.is_empty() {
        return Some(format!("Enter a value for {}", clause.attribute));
    }
    match kind {
        ValueType::Integer if clause.value.trim().parse::<i64>().is_err() => Some("Enter a whole number".to_owned()),
        ValueType::String if clause.value.chars().count() > 448 => Some("Enter at most 448 characters".to_owned()),
        ValueType::Binary if bytes(&clause.value).is_none() => Some("Enter base64, hex, a GUID or a SID".to_owned()),
        ValueType::Reference if !refers(&clause.value) => Some("Enter a distinguished name or a GUID".to_owned()),
        _ => None,
    }
}

/// What a text for bytes was read as, and how many bytes it stands for.
fn bytes(text: &str) -> Option<(&'static str, usize)> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let hex = digits.len().is_multiple_of(2) && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if Uuid::parse_str(text).is_ok() {
        return Some(("GUID", 16));
    }
    if let Some(sid) = sid_bytes(text) {
        return Some(("SID", sid.len()));
    }
    if hex {
        return Some(("hex", digits.len() / 2));
    }
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()).map(|bytes| ("base64", bytes.len()))
}

fn refers(text: &str) -> bool {
    Uuid::parse_str(text.trim()).is_ok() || Dn::parse(text).is_ok_and(|dn| dn.depth() > 0)
}

/// Draws the conditions; `names` are the attributes to choose from, `kind` tells the type of one.
pub fn show(ui: &mut Ui, clauses: &mut Vec<SearchClause>, any: &mut bool, names: &[String], kind: impl Fn(&str) -> ValueType) {
    let mut remove = None;
    if clauses.len() > 1 {
        ui.horizontal(|ui| {
            ui.radio_value(any, false, "All must hold");
            ui.radio_value(any, true, "Any is enough");
        });
    }
    ScrollArea::vertical().id_salt("clauses").max_height(150.0).show(ui, |ui| {
        for (index, clause) in clauses.iter_mut().enumerate() {
            ui.push_id(("clause", index), |ui| {
                if row(ui, clause, index + 1, *any, names, &kind) {
                    remove = Some(index);
                }
            });
        }
    });
    if let Some(index) = remove {
        clauses.remove(index);
    }
}

fn row(
    ui: &mut Ui,
    clause: &mut SearchClause,
    number: usize,
    any: bool,
    names: &[String],
    kind: &impl Fn(&str) -> ValueType,
) -> bool {
    let mut remove = false;
    ui.horizontal(|ui| {
        let caption = match (number, any) {
            (1, _) => "Where",
            (_, false) => "and",
            (_, true) => "or",
        };
        ui.add_sized([44.0, 24.0], egui::Label::new(RichText::new(caption).weak()));
        let items = || names.iter().map(Item::plain).collect();
        if let Some(chosen) = choose(ui, &format!("Attribute {number}"), &clause.attribute, 210.0, items).1 {
            clause.attribute = chosen;
        }
        let kind = kind(&clause.attribute);
        let operators = operators(kind);
        if !operators.contains(&clause.operator) {
            clause.operator = operators.first().copied().unwrap_or(SearchOperator::IsPresent);
        }
        let combo = ComboBox::from_id_salt("operator").selected_text(clause.operator.label()).width(150.0).show_ui(ui, |ui| {
            for operator in operators {
                ui.selectable_value(&mut clause.operator, *operator, operator.label());
            }
        });
        combo.response.accessible_name(format!("Operator {number}"));
        if !matches!(clause.operator, SearchOperator::IsPresent | SearchOperator::IsNotPresent) {
            value_editor(ui, clause, number, kind);
        }
        remove = ui.button("Remove").on_hover_text("Remove this condition").clicked();
        if let Some(problem) = problem(clause, kind).filter(|_| !clause.value.is_empty()) {
            badge::chip(ui, &problem, Tone::Bad);
        } else if let Some((form, length)) = bytes(&clause.value).filter(|_| kind == ValueType::Binary) {
            badge::chip(ui, &format!("{form}, {}", plural(length as u64, "byte")), Tone::Info);
        }
    });
    remove
}

fn value_editor(ui: &mut Ui, clause: &mut SearchClause, number: usize, kind: ValueType) {
    let name = format!("Value {number}");
    if kind == ValueType::Boolean {
        if !matches!(clause.value.as_str(), "True" | "False") {
            "True".clone_into(&mut clause.value);
        }
        let combo = ComboBox::from_id_salt("value").selected_text(clause.value.clone()).width(120.0).show_ui(ui, |ui| {
            for value in ["True", "False"] {
                ui.selectable_value(&mut clause.value, value.to_owned(), value);
            }
        });
        combo.response.accessible_name(name);
        return;
    }
    let hint = match kind {
        ValueType::Binary => "Base64, hex, GUID or SID",
        ValueType::Reference => "DN or GUID",
        ValueType::String | ValueType::Integer | ValueType::Boolean => "Value",
    };
    ui.add(TextEdit::singleline(&mut clause.value).hint_text(hint).desired_width(230.0).id_salt("value")).accessible_name(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_follow_the_type() {
        let labels = |kind| operators(kind).iter().map(|operator| operator.label()).collect::<Vec<_>>();
        assert_eq!(labels(ValueType::Boolean), ["Equals", "Is present", "Is not present"]);
        assert_eq!(labels(ValueType::Reference), ["Equals", "Is present", "Is not present"]);
        assert_eq!(labels(ValueType::String).len(), 7);
    }

    #[test]
    fn a_clause_without_a_fitting_value_is_a_problem() {
        let clause = |operator, value: &str| SearchClause { attribute: "x".into(), operator, value: value.into() };
        let check = |operator, value, kind, expected: Option<&str>| {
            assert_eq!(problem(&clause(operator, value), kind).as_deref(), expected)
        };
        check(SearchOperator::Equals, "12", ValueType::Integer, None);
        check(SearchOperator::Equals, "twelve", ValueType::Integer, Some("Enter a whole number"));
        check(SearchOperator::Equals, "", ValueType::String, Some("Enter a value for x"));
        check(SearchOperator::IsPresent, "", ValueType::String, None);
        check(SearchOperator::Equals, "no bytes!", ValueType::Binary, Some("Enter base64, hex, a GUID or a SID"));
        check(SearchOperator::Equals, "S-1-5-32-544", ValueType::Binary, None);
        check(SearchOperator::Equals, "somebody", ValueType::Reference, Some("Enter a distinguished name or a GUID"));
        check(SearchOperator::Equals, "CN=Ada,DC=x", ValueType::Reference, None);
    }

    #[test]
    fn bytes_are_read_in_each_of_their_forms() {
        let check = |text: &str, expected: Option<(&str, usize)>| assert_eq!(bytes(text), expected, "{text}");
        check("AQID", Some(("base64", 3)));
        check("0x0102ff", Some(("hex", 3)));
        check("00112233-4455-6677-8899-aabbccddeeff", Some(("GUID", 16)));
        check("S-1-5-32-544", Some(("SID", 16)));
        check("", None);
        check("Ada L.", None);
    }
}
