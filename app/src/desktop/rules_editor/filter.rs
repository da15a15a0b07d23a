//! The filters above the list of rules.

use std::collections::{BTreeMap, BTreeSet};

use egui::{RichText, Ui, vec2};
use syncline_engine::model::ConnectorId;
use syncline_engine::rules::{Direction, RuleSide, SyncRule, attribute_uses};
use syncline_engine::service::RuleSet;
use uuid::Uuid;

use super::super::widgets::grid::{GridState, RowSet, filter_box};
use super::choice::{Item, choose};
use super::list::RuleRow;

/// The item that takes a filter away.
const ALL: &str = "All";

/// The attributes that one rule uses, on both sides.
#[derive(Clone, Debug, Default)]
struct UsesOfRule {
    connector: BTreeSet<String>,
    metaverse: BTreeSet<String>,
}

/// The attributes that rules use.
#[derive(Clone, Debug, Default)]
pub struct Uses(BTreeMap<Uuid, UsesOfRule>);

impl Uses {
    /// Looks through all rules.
    #[must_use]
    pub fn of(set: &RuleSet) -> Self {
        Self(set.rules.iter().map(|rule| (rule.guid, uses(rule))).collect())
    }

    fn names(&self, set: &RuleSet, direction: Direction, side: impl Fn(&UsesOfRule) -> &BTreeSet<String>) -> Vec<String> {
        let rules = set.rules.iter().filter(|rule| rule.direction == direction);
        let names: BTreeSet<&String> = rules.filter_map(|rule| self.0.get(&rule.guid)).flat_map(side).collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        names.sort_by_key(|name| name.to_lowercase());
        names
    }
}

fn uses(rule: &SyncRule) -> UsesOfRule {
    let mut found = UsesOfRule::default();
    for used in attribute_uses(rule) {
        let side = match used.side {
            RuleSide::Connector => &mut found.connector,
            RuleSide::Metaverse => &mut found.metaverse,
        };
        side.insert(used.attribute);
    }
    found
}

/// The filters; they hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    connector: Option<ConnectorId>,
    connector_object_type: Option<String>,
    metaverse_object_type: Option<String>,
    connector_attribute: Option<String>,
    metaverse_attribute: Option<String>,
    password_sync: Option<bool>,
    disabled: Option<bool>,
    standard: Option<bool>,
}

impl Filter {
    /// True for rules that meet all filters.
    #[must_use]
    pub fn admits(&self, rule: &SyncRule, uses: &Uses) -> bool {
        let same = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
        let among = |wanted: &Option<String>, names: Option<&BTreeSet<String>>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| names.is_some_and(|names| names.iter().any(|name| name.eq_ignore_ascii_case(wanted))))
        };
        let used = uses.0.get(&rule.guid);
        self.connector.is_none_or(|connector| connector == rule.connector)
            && same(&self.connector_object_type, &rule.connector_object_type)
            && same(&self.metaverse_object_type, &rule.metaverse_object_type)
            && among(&self.connector_attribute, used.map(|used| &used.connector))
            && among(&self.metaverse_attribute, used.map(|used| &used.metaverse))
            && self.password_sync.is_none_or(|wanted| wanted == rule.password_sync)
            && self.disabled.is_none_or(|wanted| wanted != rule.enabled)
            && self.standard.is_none_or(|wanted| wanted == rule.is_standard())
    }

    /// Forgets what only rules of the other direction may have.
    pub fn leave_direction(&mut self) {
        self.connector = None;
        self.connector_object_type = None;
        self.metaverse_object_type = None;
        self.connector_attribute = None;
        self.metaverse_attribute = None;
    }

    /// Draws the filters.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        set: &RuleSet,
        uses: &Uses,
        outbound: bool,
        rows: &RowSet<RuleRow>,
        state: &mut GridState,
    ) {
        let direction = if outbound { Direction::Outbound } else { Direction::Inbound };
        let rules = || set.rules.iter().filter(move |rule| rule.direction == direction);
        let types = |of: fn(&SyncRule) -> &String| {
            let mut names: Vec<String> = rules().map(of).cloned().collect();
            names.sort_by_key(|name| name.to_lowercase());
            names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
            names
        };
        ui.spacing_mut().item_spacing.y = 4.0;
        // Nine fields in two rows.
        let width = ((ui.available_width() - 4.0 * ui.spacing().item_spacing.x) / 5.0).floor().clamp(118.0, 180.0);
        ui.horizontal_wrapped(|ui| {
            let connector = self.connector.map(|id| set.connector_name(id));
            let mut name = connector.clone();
            text_filter(ui, width, "Connector", &mut name, || {
                let used: BTreeSet<ConnectorId> = rules().map(|rule| rule.connector).collect();
                used.into_iter().map(|id| set.connector_name(id)).collect()
            });
            if name != connector {
                self.connector = set.connectors.iter().find(|known| Some(&known.name) == name.as_ref()).map(|known| known.id);
            }
            text_filter(ui, width, "Connected System Object Type", &mut self.connector_object_type, || {
                types(|rule| &rule.connector_object_type)
            });
            text_filter(ui, width, "Metaverse Object Type", &mut self.metaverse_object_type, || {
                types(|rule| &rule.metaverse_object_type)
            });
            text_filter(ui, width, "Connected System Attribute", &mut self.connector_attribute, || {
                uses.names(set, direction, |used| &used.connector)
            });
            text_filter(ui, width, "Metaverse Attribute", &mut self.metaverse_attribute, || {
                uses.names(set, direction, |used| &used.metaverse)
            });
            choice_filter(ui, width, "Password Sync", &mut self.password_sync, [(true, "On"), (false, "Off")]);
            choice_filter(ui, width, "Disabled", &mut self.disabled, [(true, "Disabled"), (false, "Enabled")]);
            choice_filter(ui, width, "Rule kind", &mut self.standard, [(true, "Standard"), (false, "Custom")]);
            field(ui, width, "Name or other column", |ui| {
                ui.horizontal(|ui| filter_box(ui, state, rows, false));
            });
        });
    }
}

/// A filter with its caption above it.
fn field(ui: &mut Ui, width: f32, caption: &str, contents: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, 48.0), egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(vec2(width, 48.0));
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.add(egui::Label::new(RichText::new(caption).small().weak()).truncate());
        contents(ui);
    });
}

fn text_filter(ui: &mut Ui, width: f32, caption: &str, value: &mut Option<String>, names: impl FnOnce() -> Vec<String>) {
    field(ui, width, caption, |ui| {
        let shown = value.clone().unwrap_or_else(|| ALL.to_owned());
        let items = || {
            let mut items = vec![Item::plain(ALL)];
            items.extend(names().into_iter().map(Item::plain));
            items
        };
        if let Some(chosen) = choose(ui, caption, &shown, width, items).1 {
            *value = Some(chosen).filter(|chosen| chosen != ALL);
        }
    });
}

fn choice_filter(ui: &mut Ui, width: f32, caption: &str, value: &mut Option<bool>, words: [(bool, &str); 2]) {
    field(ui, width, caption, |ui| {
        let word = |wanted: bool| words.iter().find(|(known, _)| *known == wanted).map_or(ALL, |(_, word)| *word);
        let shown = value.map_or(ALL, word);
        let items = || [ALL, word(true), word(false)].map(Item::plain).to_vec();
        if let Some(chosen) = choose(ui, caption, shown, width, items).1 {
            *value = words.iter().find(|(_, word)| *word == chosen).map(|(known, _)| *known);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::model::RuleId;
    use syncline_engine::rules::{Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, ScopeOperator};

    fn rule(direction: Direction) -> SyncRule {
        let flow = |target: &str, source| Flow { target: target.into(), source, apply_once: false, merge: MergeType::Update };
        SyncRule {
            id: RuleId(1),
            guid: Uuid::from_u128(1),
            name: "R".into(),
            description: String::new(),
            precedence: 50,
            direction,
            connector: ConnectorId(1),
            connector_object_type: "user".into(),
            metaverse_object_type: "person".into(),
            link: LinkType::Join,
            enabled: true,
            password_sync: false,
            tag: None,
            scope: vec![vec![ScopeClause { attribute: "c".into(), operator: ScopeOperator::Equal, value: "US".into() }]],
            join: vec![vec![JoinCondition {
                connector_attribute: "mail".into(),
                metaverse_attribute: "email".into(),
                case_sensitive: false,
            }]],
            flows: vec![
                flow("title", FlowSource::Expression("IIF([jobTitle]=\"x\",[title],\"[none]\")".into())),
                flow("department", FlowSource::Direct("division".into())),
            ],
        }
    }

    #[test]
    fn attributes_are_sought_on_their_side() {
        let check = |direction, connector: Option<&str>, metaverse: Option<&str>, expected: bool| {
            let rule = rule(direction);
            let uses = Uses(BTreeMap::from([(rule.guid, uses(&rule))]));
            let filter = Filter {
                connector_attribute: connector.map(str::to_owned),
                metaverse_attribute: metaverse.map(str::to_owned),
                ..Filter::default()
            };
            assert_eq!(filter.admits(&rule, &uses), expected, "{direction:?} {connector:?} {metaverse:?}");
        };
        use Direction::{Inbound, Outbound};
        check(Inbound, None, None, true);
        check(Inbound, None, Some("TITLE"), true);
        check(Inbound, None, Some("division"), false);
        check(Inbound, Some("division"), Some("department"), true);
        check(Inbound, Some("jobTitle"), None, true);
        check(Inbound, Some("none"), None, false);
        check(Inbound, Some("c"), None, true);
        check(Inbound, Some("mail"), Some("email"), true);
        check(Outbound, Some("title"), Some("division"), true);
        check(Outbound, None, Some("title"), true);
        check(Outbound, None, Some("c"), true);
    }

    #[test]
    fn all_filters_hold_together() {
        let admits = |filter: Filter| filter.admits(&rule(Direction::Inbound), &Uses::default());
        assert!(admits(Filter { standard: Some(false), disabled: Some(false), password_sync: Some(false), ..Filter::default() }));
        assert!(!admits(Filter { standard: Some(false), disabled: Some(true), ..Filter::default() }));
        assert!(!admits(Filter { connector: Some(ConnectorId(2)), ..Filter::default() }));
        assert!(!admits(Filter { metaverse_object_type: Some("group".into()), ..Filter::default() }));
    }
}
