//! Finding a real object to try a rule on: of the connector for an inbound rule, of the metaverse for an outbound one.

use egui::{Button, Key, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::rules::{Direction, SyncRule};
use syncline_engine::service::{CsHit, CsScope, CsSearch, MvSearch};
use uuid::Uuid;

use super::super::command::Command;
use super::super::context::{Cx, question};
use super::super::widgets::empty;
use super::super::widgets::requested::Requested;

/// Objects offered at once.
const MOST_FOUND: u64 = 50;
/// Height of an object in the list.
const ITEM: f32 = 26.0;

/// An object to try on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Identifier.
    pub guid: Uuid,
    /// Display name.
    pub name: String,
    /// Distinguished name, or the type of an identity.
    pub about: String,
}

impl Found {
    /// Opens the object.
    #[must_use]
    pub fn open(&self, direction: Direction) -> Command {
        match direction {
            Direction::Inbound => Command::OpenCsObject(self.guid),
            Direction::Outbound => Command::OpenMvObject(self.guid),
        }
    }
}

/// Where objects are sought.
type Place = (Direction, ConnectorId, String, String);

/// State of the search.
#[derive(Default)]
pub struct Finder {
    search: String,
    place: Option<Place>,
    found: Requested<Vec<Found>>,
    chosen: Option<Found>,
}

impl Finder {
    /// Takes in answers.
    pub fn poll(&mut self) {
        self.found.poll();
    }

    /// The object chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Found> {
        self.chosen.as_ref()
    }

    /// Draws the search field, and what it found until something is chosen. `busy` shows that the object is being asked.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, rule: &SyncRule, busy: bool) {
        let place = (rule.direction, rule.connector, rule.connector_object_type.clone(), rule.metaverse_object_type.clone());
        if self.place.as_ref() != Some(&place) {
            *self = Self { search: std::mem::take(&mut self.search), place: Some(place), ..Self::default() };
        }
        let mut search = false;
        ui.horizontal(|ui| {
            let hint = match rule.direction {
                Direction::Inbound => "Name of an object of the connector",
                Direction::Outbound => "Name of a metaverse object",
            };
            let field = TextEdit::singleline(&mut self.search).hint_text(hint).desired_width(280.0).id_salt("trial search");
            let field = ui.add(field).accessible_name("Object to test on");
            search = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            search |= ui.button("Find Objects").clicked();
            if self.found.is_pending() || busy {
                ui.spinner();
            }
        });
        if search {
            self.chosen = None;
            self.find(cx, rule);
        }
        if self.chosen.is_none() {
            self.offer(ui, rule);
        }
    }

    fn find(&mut self, cx: &Cx<'_>, rule: &SyncRule) {
        let text = self.search.trim().to_owned();
        let (connector, object_type) = (rule.connector, rule.connector_object_type.clone());
        let metaverse_type = Some(rule.metaverse_object_type.clone()).filter(|name| name != "*");
        let direction = rule.direction;
        self.found.ask(
            cx.worker,
            question(cx.backend, move |engine| match direction {
                Direction::Inbound => {
                    // Other types are sorted out here, so more are asked for than shown.
                    let search = CsSearch { connector, scope: CsScope::All, text, offset: 0, limit: MOST_FOUND * 10 };
                    let hits = engine.search_connector_space(&search)?.rows;
                    let hits = hits.into_iter().filter(|hit| hit.object_type.eq_ignore_ascii_case(&object_type));
                    let found = |hit: CsHit| {
                        let name = if hit.display_name.is_empty() { hit.dn.clone() } else { hit.display_name };
                        Found { guid: hit.guid, name, about: hit.dn }
                    };
                    Ok(hits.map(found).take(MOST_FOUND as usize).collect())
                }
                Direction::Outbound => {
                    let search = MvSearch { object_type: metaverse_type, text, limit: MOST_FOUND, ..MvSearch::default() };
                    let hits = engine.search_metaverse(&search)?.rows.into_iter();
                    Ok(hits.map(|hit| Found { guid: hit.guid, name: hit.display_name, about: hit.object_type }).collect())
                }
            }),
        );
    }

    /// The objects found, each to be chosen.
    fn offer(&mut self, ui: &mut Ui, rule: &SyncRule) {
        let mut chosen = None;
        match empty::value(ui, &self.found).map(Vec::as_slice) {
            None => {
                ui.weak("Find an object and choose it. Nothing is written.");
            }
            Some([]) => {
                let kind = match rule.direction {
                    Direction::Inbound => &rule.connector_object_type,
                    Direction::Outbound => &rule.metaverse_object_type,
                };
                ui.weak(format!("No object of type {kind} has this in its name."));
            }
            Some(found) => {
                let area = ScrollArea::vertical().id_salt("found objects").max_height(180.0).auto_shrink([false, true]);
                area.show_rows(ui, ITEM, found.len(), |ui, range| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for hit in found.get(range).unwrap_or_default() {
                        let about = RichText::new(&hit.about).small().weak();
                        let button = Button::selectable(false, &hit.name).truncate().right_text(about);
                        let button = button.min_size(egui::vec2(ui.available_width(), ITEM));
                        if ui.add(button).accessible_name(&hit.name).clicked() {
                            chosen = Some(hit.clone());
                        }
                    }
                });
            }
        }
        self.chosen = chosen.or(self.chosen.take());
    }
}
