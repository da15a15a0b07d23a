//! `expression functions`: the table of functions.

use clap::Args;
use serde_json::{Value as Json, json};
use syncline_expression::{Category, FunctionInfo, function, functions, nearest};

use super::problem::found;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::table::{Pairs, Table};
use crate::cli::text::count;

/// Arguments of `expression functions`.
#[derive(Args, Debug)]
pub struct FunctionsArgs {
    /// Show this function
    #[arg(value_name = "NAME", conflicts_with = "category")]
    pub name: Option<String>,
    /// Only the functions of a category, such as text or date
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    pub category: Option<Category>,
}

/// A category as typed: the beginning of its name is enough.
fn category(text: &str) -> Result<Category, String> {
    let plain = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase() };
    let wanted = plain(text);
    let mut known: Vec<Category> = functions().iter().map(|function| function.category).collect();
    known.sort_unstable();
    known.dedup();
    let found = known.iter().find(|category| !wanted.is_empty() && plain(category.name()).starts_with(&wanted));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|category| category.name()).collect();
        format!("the categories are {}", names.join(", "))
    })
}

/// Lists functions or shows one.
///
/// # Errors
/// [`Failure`] when no function has the name.
pub fn run(session: &Session, arguments: &FunctionsArgs) -> Result<Answer, Failure> {
    if let Some(name) = &arguments.name {
        let function = find(name)?;
        return Answer::new(&data(function), text(function));
    }
    let wanted = |function: &&FunctionInfo| arguments.category.is_none_or(|category| function.category == category);
    let mut list: Vec<&FunctionInfo> = functions().iter().filter(wanted).collect();
    list.sort_by_key(|function| (function.category, function.name));
    let mut table = Table::new().texts(["Category", "Function", "Description"]);
    for function in &list {
        table.row([function.category.name(), &function.usage(), function.description]);
    }
    let rows: Vec<Json> = list.iter().map(|function| data(function)).collect();
    let hint = format!("{}; \"syncline expression functions NAME\" shows one.\n", count(list.len() as u64, "function"));
    Ok(Answer::new(&rows, table.render(session.output.view.width))?.hint(hint))
}

/// The function of a name; case does not matter when somebody looks one up.
fn find(name: &str) -> Result<&'static FunctionInfo, Failure> {
    let other_case = || functions().iter().find(|function| function.name.eq_ignore_ascii_case(name));
    function(name).or_else(other_case).ok_or_else(|| {
        let near = nearest(name, functions().iter().map(|function| function.name));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        let list = "\"syncline expression functions\" lists all";
        Failure::new(Exit::NotFound, format!("there is no function {}{near}; {list}", found(name)).replace("?;", "?"))
    })
}

fn text(function: &FunctionInfo) -> String {
    let constants: Vec<String> =
        constants(function).into_iter().map(|(name, all)| format!("{name}: {}", all.join(", "))).collect();
    Pairs::default()
        .add("Function", function.usage())
        .add("Signature", function.signature)
        .add("Category", function.category.name())
        .add("Description", function.description)
        .add_some("Constants", Some(constants.join("; ")).filter(|text| !text.is_empty()))
        .add("Example", function.example)
        .render()
}

/// The parameters that take a constant, with the constants.
fn constants(function: &FunctionInfo) -> Vec<(&'static str, &'static [&'static str])> {
    let all = function.parameter_names().enumerate().map(|(index, name)| (name, function.constants(index)));
    all.filter(|(_, constants)| !constants.is_empty()).collect()
}

fn data(function: &FunctionInfo) -> Json {
    let constants: Vec<Json> =
        constants(function).into_iter().map(|(name, all)| json!({ "parameter": name, "constants": all })).collect();
    json!({
        "name": function.name,
        "category": function.category.name(),
        "usage": function.usage(),
        "signature": function.signature,
        "description": function.description,
        "constants": constants,
        "example": function.example,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_found_by_their_beginning() {
        let check = |text: &str, expected: Category| assert_eq!(category(text), Ok(expected), "{text}");
        check("text", Category::Text);
        check("Date", Category::Date);
        check("date / time", Category::Date);
        check("multi-valued", Category::MultiValued);
        check("program", Category::ProgramFlow);
        for text in ["", "nothing"] {
            assert!(category(text).unwrap_err().contains("Certificate, Conversion, Date / Time"), "{text}");
        }
    }

    #[test]
    fn one_function_is_shown_with_its_example() {
        assert_eq!(
            text(find("contains").unwrap()),
            "Function    : Contains(attribute, search [, casetype])\n\
             Signature   : num Contains(mvstr|mvref attribute, str search [, enum casetype])\n\
             Category    : Multi-valued\n\
             Description : The position of the first value in which the text is found, 1 being the first; 0 when there is \
             none. References must be equal to the text.\n\
             Constants   : casetype: CaseSensitive, CaseInsensitive\n\
             Example     : Contains([proxyAddresses], \"SMTP:\") > 0\n"
        );
    }

    #[test]
    fn an_unknown_name_gets_a_proposal() {
        let failure = find("Trimm").unwrap_err();
        assert_eq!(
            (failure.exit, failure.message.as_str()),
            (
                Exit::NotFound,
                "there is no function \"Trimm\"; did you mean \"Trim\"? \"syncline expression functions\" lists all"
            )
        );
        assert_eq!(
            find("qqqq").unwrap_err().message,
            "there is no function \"qqqq\"; \"syncline expression functions\" lists all"
        );
    }
}
