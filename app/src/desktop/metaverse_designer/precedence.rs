//! Which rules flow into an attribute and which use it; which rules keep the objects of a type.

use egui::{Context, Id, RichText, Ui};
use syncline_engine::rules::LinkType;
use syncline_engine::service::{ImportFlowView, MvSchemaAttributeView, MvTypeView, SchemaUseView};
use uuid::Uuid;

use super::super::action::Action;
use super::super::command::Command;
use super::super::context::Cx;
use super::super::objects::{escaped, tabs, window};
use super::super::widgets::button_bar;
use super::super::widgets::grid::{Grid, GridState, RowKey, RowSet};
use super::grids::{FlowGrid, UseGrid};

/// The flows into an attribute, which stand on a tab beside its uses.
struct Flows {
    rows: RowSet<(usize, ImportFlowView)>,
    state: GridState,
    uses_shown: bool,
}

/// The open window.
pub struct RulesOfSchema {
    title: String,
    /// None when the window is about an object type.
    flows: Option<Flows>,
    uses: RowSet<SchemaUseView>,
    use_state: GridState,
}

impl RulesOfSchema {
    /// Attribute flow precedence and uses of an attribute.
    #[must_use]
    pub fn of_attribute(attribute: &MvSchemaAttributeView) -> Self {
        let rows = RowSet::new(attribute.import_flows.iter().cloned().enumerate().collect());
        Self {
            title: format!("Attribute Flow Precedence - {}", attribute.name),
            flows: Some(Flows { rows, state: GridState::default(), uses_shown: false }),
            uses: RowSet::new(attribute.uses.clone()),
            use_state: GridState::default(),
        }
    }

    /// The rules that decide how long objects of a type live.
    #[must_use]
    pub fn of_type(kind: &MvTypeView) -> Self {
        let keeps = |rule: &&SchemaUseView| matches!(rule.link, LinkType::Provision | LinkType::StickyJoin);
        let inbound = |rule: &&SchemaUseView| rule.direction == syncline_engine::rules::Direction::Inbound;
        Self {
            title: format!("Object Deletion Rule - {}", kind.name),
            flows: None,
            uses: RowSet::new(kind.rules.iter().filter(keeps).filter(inbound).cloned().collect()),
            use_state: GridState::default(),
        }
    }

    /// Draws the window; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        let (mut open, mut close) = (true, false);
        let id = Id::unique("rules of the schema");
        let room = ctx.content_rect();
        let size = egui::vec2(980.0, 420.0).min(room.size() - egui::vec2(40.0, 60.0));
        let shown = window(ctx, self.title.clone()).id(id).open(&mut open).default_size(size).min_size([420.0, 240.0]);
        shown.default_pos([120.0, 140.0]).constrain_to(room).show(ctx, |ui| close = self.contents(ui, cx));
        open && !close && !escaped(ctx, id)
    }

    /// The rule that is selected in the list shown.
    fn selected(&self) -> Option<Uuid> {
        match &self.flows {
            Some(Flows { rows, state, uses_shown: false }) => {
                let key = state.single()?;
                rows.iter().find(|(_, row)| row.0 as RowKey == key).map(|(_, row)| row.1.guid)
            }
            _ => self.use_state.single().map(Uuid::from_u128),
        }
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let selected = self.selected();
        let close = button_bar::close(ui, |ui| {
            let hint = "Opens the rule in the Synchronization Rules Editor, where its precedence is changed.";
            let button = ui.add_enabled(selected.is_some(), egui::Button::new("Edit Rule...")).on_hover_text(hint);
            if let Some(guid) = selected.filter(|_| button.on_disabled_hover_text("Select a rule first").clicked()) {
                cx.send(Command::EditRule(guid));
            }
        });
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let Self { flows, uses, use_state, .. } = self;
            let of_type = flows.is_none();
            if let Some(Flows { rows, state, uses_shown }) = flows {
                let labels = [format!("Import Flows ({})", rows.total()), format!("Used By ({})", uses.total())];
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                if let Some(tab) = tabs::bar(ui, &labels, usize::from(*uses_shown)) {
                    *uses_shown = tab == 1;
                }
                ui.add_space(4.0);
                if !*uses_shown {
                    weak(ui, "The first enabled flow with a value wins. The order is that of the rules' precedence; a lower number comes first.");
                    let response = Grid::new().situation(cx.situation).show(ui, &FlowGrid, rows, state);
                    let rule = |position: u64| rows.get(position).map(|row| row.1.guid);
                    open_rule(cx, response.activated.and_then(rule), response.action.map(|(action, at)| (action, rule(at))));
                    return;
                }
                weak(ui, "While a rule uses the attribute, switched on or not, it cannot be removed.");
            } else {
                weak(ui, "An object lives while one of these rules has one of its connector space objects in scope. It is deleted with the last one, and its provisioned objects with it.");
            }
            let response = Grid::new().situation(cx.situation).show(ui, &UseGrid { of_type }, uses, use_state);
            let rule = |position: u64| uses.get(position).map(|row| row.guid);
            open_rule(cx, response.activated.and_then(rule), response.action.map(|(action, at)| (action, rule(at))));
        });
        close
    }
}

fn weak(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(RichText::new(text).weak()).wrap());
    ui.add_space(4.0);
}

/// Opens what was double-clicked, or does what the context menu says.
fn open_rule(cx: &mut Cx<'_>, activated: Option<Uuid>, action: Option<(Action, Option<Uuid>)>) {
    if let Some(guid) = activated {
        cx.send(Command::OpenRule(guid));
    }
    match action {
        Some((Action::EditThisRule, Some(guid))) => cx.send(Command::EditRule(guid)),
        Some((_, Some(guid))) => cx.send(Command::OpenRule(guid)),
        _ => {}
    }
}
