//! Where in the window a fault is, and the list of all of them.

use egui::{Label, RichText, ScrollArea, Ui};
use syncline_engine::rules::{RuleFault, RulePlace};
use syncline_engine::service::StatusClass;

use super::super::format::plural;
use super::super::theme::Palette;
use super::super::widgets::badge;

/// The pages of the rule window, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Name, connector, types, precedence.
    #[default]
    Description,
    /// Which objects.
    Scoping,
    /// How objects are recognized.
    Joins,
    /// What flows.
    Transformations,
}

impl Page {
    /// All pages in order.
    pub const ALL: [Self; 4] = [Self::Description, Self::Scoping, Self::Joins, Self::Transformations];

    /// Title of the page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Description => "Description",
            Self::Scoping => "Scoping filter",
            Self::Joins => "Join rules",
            Self::Transformations => "Transformations",
        }
    }

    /// The page that a place is on.
    #[must_use]
    pub fn of(place: &RulePlace) -> Self {
        match place {
            RulePlace::Rule
            | RulePlace::Name
            | RulePlace::Precedence
            | RulePlace::Connector
            | RulePlace::ConnectorObjectType
            | RulePlace::MetaverseObjectType
            | RulePlace::LinkType => Self::Description,
            RulePlace::Scope { .. } => Self::Scoping,
            RulePlace::Join { .. } => Self::Joins,
            RulePlace::Flow { .. } => Self::Transformations,
        }
    }

    /// The page before (-1) or behind (1).
    #[must_use]
    pub fn step(self, by: isize) -> Option<Self> {
        let at = Self::ALL.iter().position(|page| *page == self)?;
        Self::ALL.get(at.checked_add_signed(by)?).copied()
    }
}

/// The place in words: page and field.
#[must_use]
pub fn place_text(fault: &RuleFault) -> String {
    let field = match &fault.place {
        RulePlace::Rule => String::new(),
        RulePlace::Name => "Name".to_owned(),
        RulePlace::Precedence => "Precedence".to_owned(),
        RulePlace::Connector => "Connected System".to_owned(),
        RulePlace::ConnectorObjectType => "Connected System Object Type".to_owned(),
        RulePlace::MetaverseObjectType => "Metaverse Object Type".to_owned(),
        RulePlace::LinkType => "Link Type".to_owned(),
        RulePlace::Scope { group, clause } => inside(*group, "clause", *clause),
        RulePlace::Join { group, condition } => inside(*group, "clause", *condition),
        RulePlace::Flow { target, .. } if target.is_empty() => "flow without a target".to_owned(),
        RulePlace::Flow { target, .. } => format!("flow to {target}"),
    };
    let page = Page::of(&fault.place).label();
    if field.is_empty() { page.to_owned() } else { format!("{page}, {field}") }
}

fn inside(group: usize, what: &str, number: Option<usize>) -> String {
    match number {
        Some(number) => format!("group {}, {what} {}", group + 1, number + 1),
        None => format!("group {}", group + 1),
    }
}

/// A message as a sentence begins; one that begins with a name is left as it is.
#[must_use]
pub fn capitalized(message: &str) -> String {
    const WORDS: [&str; 14] = [
        "a",
        "apply",
        "connector",
        "constant",
        "it",
        "its",
        "merge",
        "metaverse",
        "no",
        "object",
        "parameter",
        "precedence",
        "the",
        "there",
    ];
    let first = message.split(' ').next().unwrap_or_default();
    if !WORDS.contains(&first) {
        return message.to_owned();
    }
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// The sign of a fault.
#[must_use]
pub fn class_of(fault: &RuleFault) -> StatusClass {
    if fault.is_error() && !fault.is_expression() { StatusClass::Error } else { StatusClass::Warning }
}

/// True for a fault that keeps the rule from being stored.
#[must_use]
pub fn refuses(fault: &RuleFault) -> bool {
    class_of(fault) == StatusClass::Error
}

/// `2 errors, 1 warning`; nothing when there is neither.
#[must_use]
pub fn summary(faults: &[RuleFault]) -> String {
    let errors = faults.iter().filter(|fault| refuses(fault)).count();
    let warnings = faults.len() - errors;
    let parts = [(errors, "error"), (warnings, "warning")];
    let parts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| plural(*number as u64, word)).collect();
    parts.join(", ")
}

/// All faults, each a link to its field; gives the place that was clicked.
pub fn list(ui: &mut Ui, faults: &[RuleFault], height: f32) -> Option<RulePlace> {
    let palette = Palette::of(ui.style());
    let mut clicked = None;
    ScrollArea::vertical().id_salt("faults").max_height(height).min_scrolled_height(height).auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (number, fault) in faults.iter().enumerate() {
            ui.push_id(number, |ui| {
                ui.horizontal_wrapped(|ui| {
                    badge::severity_icon(ui, class_of(fault));
                    if ui.link(place_text(fault)).on_hover_text("Go to the field").clicked() {
                        clicked = Some(fault.place.clone());
                    }
                    ui.add(Label::new(RichText::new(capitalized(&fault.message)).color(palette.text)).wrap());
                });
            });
        }
    });
    clicked
}

/// The faults of one field, below it.
pub fn below(ui: &mut Ui, faults: &[RuleFault], here: impl Fn(&RulePlace) -> bool) {
    for fault in faults.iter().filter(|fault| here(&fault.place)) {
        let palette = Palette::of(ui.style());
        ui.horizontal_wrapped(|ui| {
            badge::severity_icon(ui, class_of(fault));
            ui.add(Label::new(RichText::new(capitalized(&fault.message)).color(palette.status(class_of(fault)))).wrap());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::rules::{FaultSeverity, FlowField};

    fn fault(severity: FaultSeverity, place: RulePlace) -> RuleFault {
        RuleFault { severity, rule: "R".into(), precedence: 1, part: String::new(), message: "it is so".into(), place }
    }

    #[test]
    fn places_are_told_with_page_and_field() {
        let check = |place, expected: &str| assert_eq!(place_text(&fault(FaultSeverity::Error, place)), expected);
        check(RulePlace::Rule, "Description");
        check(RulePlace::Precedence, "Description, Precedence");
        check(RulePlace::Scope { group: 0, clause: Some(1) }, "Scoping filter, group 1, clause 2");
        check(RulePlace::Join { group: 1, condition: None }, "Join rules, group 2");
        check(RulePlace::Flow { target: "mail".into(), field: FlowField::Source }, "Transformations, flow to mail");
        check(RulePlace::Flow { target: String::new(), field: FlowField::Target }, "Transformations, flow without a target");
    }

    #[test]
    fn an_expression_that_cannot_be_read_refuses_nothing() {
        let flow = |field| RulePlace::Flow { target: "mail".into(), field };
        let faults = [
            fault(FaultSeverity::Error, flow(FlowField::Expression)),
            fault(FaultSeverity::Error, flow(FlowField::Target)),
            fault(FaultSeverity::Warning, RulePlace::LinkType),
        ];
        assert_eq!(faults.each_ref().map(refuses), [false, true, false]);
        assert_eq!(summary(&faults), "1 error, 2 warnings");
        assert_eq!(summary(&[]), "");
    }

    #[test]
    fn pages_follow_each_other() {
        assert_eq!(Page::Description.step(1), Some(Page::Scoping));
        assert_eq!(Page::Description.step(-1), None);
        assert_eq!(Page::Transformations.step(1), None);
        assert_eq!(capitalized("precedence 5"), "Precedence 5");
        assert_eq!(capitalized("photo may hold several values"), "photo may hold several values");
    }
}
