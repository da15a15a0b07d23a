//! A combo box that is searched by typing: attributes, object types, connectors.

use egui::{Button, ComboBox, Id, Key, Modifiers, PopupCloseBehavior, Response, ScrollArea, TextEdit, Ui};
use syncline_engine::model::AttributeDefinition;

/// Lists that are longer than this have a search field.
const SEARCHED: usize = 9;
/// Height of an item.
const ITEM: f32 = 26.0;
/// Items shown at once.
const SHOWN: usize = 11;

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The text that is chosen.
    pub text: String,
    /// What stands beside it, such as the type of an attribute.
    pub about: String,
}

impl Item {
    /// An item without anything beside it.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), about: String::new() }
    }

    /// An attribute with its type.
    #[must_use]
    pub fn attribute(definition: &AttributeDefinition) -> Self {
        let several = if definition.multi_valued { ", multi-valued" } else { "" };
        Self { text: definition.name.clone(), about: format!("{}{several}", definition.value_type.word()) }
    }
}

/// Draws the combo box; gives what was chosen. `items` is asked only while the list is open.
pub fn choose(ui: &mut Ui, name: &str, value: &str, width: f32, items: impl FnOnce() -> Vec<Item>) -> (Response, Option<String>) {
    let id = ui.make_persistent_id(("choice", name));
    let shown = ComboBox::from_id_salt(("choice", name))
        .selected_text(value)
        .width(width)
        .truncate()
        .height(460.0)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show_ui(ui, |ui| list(ui, id, value, width, &items()));
    let response = shown.response.accessible_name(name);
    let open = shown.inner.is_some();
    if !open {
        ui.data_mut(|data| data.remove_temp::<String>(id));
    }
    let cut = value.chars().count() as f32 * 7.0 > width - 34.0;
    let response = if cut && !open { response.on_hover_text(value) } else { response };
    (response, shown.inner.flatten())
}

fn list(ui: &mut Ui, id: Id, value: &str, width: f32, items: &[Item]) -> Option<String> {
    let beside = if items.iter().any(|item| !item.about.is_empty()) { 150.0 } else { 0.0 };
    ui.set_min_width((width + beside).clamp(180.0, 420.0));
    let mut chosen = None;
    let first_frame = ui.data_mut(|data| data.get_temp::<String>(id).is_none());
    let mut search: String = ui.data_mut(|data| data.get_temp(id)).unwrap_or_default();
    let mut entered = false;
    if items.len() > SEARCHED {
        let field = TextEdit::singleline(&mut search).hint_text("Type to search").desired_width(f32::INFINITY);
        let field = ui.add(field.id(id.with("search"))).accessible_name("Search the list");
        if first_frame {
            field.request_focus();
        }
        entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    }
    ui.data_mut(|data| data.insert_temp(id, search.clone()));
    let matching = search_items(items, &search);
    if entered {
        chosen = matching.first().map(|item| item.text.clone());
    }
    if matching.is_empty() {
        ui.weak(if items.is_empty() { "There is nothing to choose." } else { "Nothing has this in its name." });
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let height = matching.len().clamp(1, SHOWN) as f32 * ITEM;
    let mut area = ScrollArea::vertical().max_height(height).auto_shrink([false, true]);
    if first_frame && let Some(place) = matching.iter().position(|item| item.text == value) {
        area = area.vertical_scroll_offset((place as f32 - 3.0).max(0.0) * ITEM);
    }
    area.show_rows(ui, ITEM, matching.len(), |ui, range| {
        for item in matching.get(range).unwrap_or_default() {
            let about = egui::RichText::new(&item.about).weak().small();
            let button = Button::selectable(item.text == value, &item.text).min_size(egui::vec2(ui.available_width(), ITEM));
            if ui.add(button.right_text(about)).accessible_name(&item.text).clicked() {
                chosen = Some(item.text.clone());
            }
        }
    });
    if chosen.is_some() || ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        ui.close();
    }
    chosen
}

/// The items with a text in their names: those that begin with it first.
fn search_items<'a>(items: &'a [Item], search: &str) -> Vec<&'a Item> {
    let search = search.trim().to_lowercase();
    let mut found: Vec<(bool, &Item)> = items
        .iter()
        .filter_map(|item| {
            let at = item.text.to_lowercase().find(&search)?;
            Some((at > 0, item))
        })
        .collect();
    found.sort_by_key(|(inside, _)| *inside);
    found.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_begin_with_the_text_come_first() {
        let items = ["mail", "mailNickname", "otherMailbox", "title"].map(Item::plain);
        let check = |search: &str, expected: &[&str]| {
            let found: Vec<&str> = search_items(&items, search).iter().map(|item| item.text.as_str()).collect();
            assert_eq!(found, expected, "{search}");
        };
        check("", &["mail", "mailNickname", "otherMailbox", "title"]);
        check("MAILB", &["otherMailbox"]);
        check("ail", &["mail", "mailNickname", "otherMailbox"]);
        check("ma", &["mail", "mailNickname", "otherMailbox"]);
        check("nothing", &[]);
    }
}
