//! Choosing a metaverse object: a text is searched, one of what is found is selected.

use egui::{Key, TextEdit, Ui};
use syncline_engine::service::{MvHit, MvSearch};
use uuid::Uuid;

use super::super::context::{Cx, question};
use super::super::format::plural;
use super::super::widgets::empty;
use super::super::widgets::grid::{Cell, Column, Grid, GridModel, GridState, RowKey, RowSet};
use super::super::widgets::requested::Requested;

/// Candidates that are listed.
const MOST: u64 = 200;

/// The search and what it found.
pub struct Candidates {
    search: String,
    /// The object that nothing is chosen for but itself, and which is left out.
    except: Option<Uuid>,
    found: Requested<Vec<MvHit>>,
    rows: RowSet<MvHit>,
    state: GridState,
}

impl Candidates {
    /// Begins with a text, which is not searched yet; `except` is never among what is found.
    #[must_use]
    pub fn new(search: String, except: Option<Uuid>) -> Self {
        Self { search, except, found: Requested::default(), rows: RowSet::default(), state: GridState::default() }
    }

    /// Searches for the text.
    pub fn look(&mut self, cx: &Cx<'_>) {
        let search = MvSearch { text: self.search.trim().to_owned(), limit: MOST, ..MvSearch::default() };
        self.found.ask(cx.worker, question(cx.backend, move |engine| Ok(engine.search_metaverse(&search)?.rows)));
    }

    /// Takes in the answer; true when there was one. Nothing is chosen then.
    pub fn poll(&mut self) -> bool {
        if !self.found.poll() {
            return false;
        }
        if let Some(found) = self.found.value() {
            self.rows = RowSet::new(found.iter().filter(|hit| Some(hit.guid) != self.except).cloned().collect());
            self.state.clear_selection();
        }
        true
    }

    /// Chooses the object that was found, if it is the only one.
    pub fn choose_the_only_one(&mut self) {
        if let Some([only]) = self.found.value().map(Vec::as_slice) {
            self.state.select(only.guid.as_u128());
        }
    }

    /// What is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<Uuid> {
        self.state.single().map(Uuid::from_u128)
    }

    /// Draws the search, and what went wrong with it.
    pub fn search(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let mut look = false;
        ui.horizontal(|ui| {
            ui.label("Metaverse object");
            let field = TextEdit::singleline(&mut self.search).hint_text("Name, mail, account or source anchor");
            let field = ui.add(field.desired_width(300.0).id_salt("candidates")).accessible_name("Search the metaverse");
            look = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            look |= ui.button("Search").clicked();
            if self.found.is_pending() {
                ui.spinner();
            } else if self.found.value().is_some() {
                ui.weak(plural(self.rows.total(), "candidate"));
            }
        });
        if look {
            self.look(cx);
        }
        if let Some(error) = self.found.error() {
            empty::failure(ui, error);
        }
        ui.add_space(4.0);
    }

    /// Draws what was found; gives an object that was double-clicked.
    pub fn list(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> Option<Uuid> {
        let response = Grid::new().situation(cx.situation).show(ui, &CandidateGrid, &mut self.rows, &mut self.state);
        response.activated.and_then(|position| self.rows.get(position)).map(|hit| hit.guid)
    }
}

/// Metaverse objects to choose from.
struct CandidateGrid;

const COLUMNS: [Column; 5] = [
    Column::text("Display Name", 210.0),
    Column::short("Object Type", 96.0),
    Column::text("User Principal Name", 210.0),
    Column::text("Mail", 180.0),
    Column::number("Connectors", 90.0),
];

impl GridModel for CandidateGrid {
    type Row = MvHit;

    fn name(&self) -> &'static str {
        "Candidates"
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn key(&self, row: &MvHit) -> RowKey {
        row.guid.as_u128()
    }

    fn row_name(&self, row: &MvHit) -> String {
        format!("MV {}", row.display_name)
    }

    fn text(&self, row: &MvHit, column: usize) -> String {
        let attribute = |name: &str| row.attributes.get(name).cloned().unwrap_or_default();
        match column {
            0 => row.display_name.clone(),
            1 => row.object_type.clone(),
            2 => attribute("userPrincipalName"),
            3 => attribute("mail"),
            _ => row.connectors.to_string(),
        }
    }

    fn cell(&self, _row: &MvHit, column: usize) -> Cell {
        if column == 0 { Cell::Strong } else { Cell::Text }
    }

    fn empty_text(&self) -> &'static str {
        "No metaverse object is found under this text."
    }
}
