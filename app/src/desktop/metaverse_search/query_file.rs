//! Searches as files (`.qry.json`): the object type and the conditions.

use serde::{Deserialize, Serialize};
use syncline_engine::service::{MvTypeView, SearchClause, SearchOperator};

use super::super::settings::Query;
use super::super::widgets::clauses::operators;
use super::{attribute_names, value_type};

/// How the names of these files end.
pub const EXTENSION: &str = "qry.json";
/// Largest file that is read.
pub const MOST_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QueryFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_type: Option<String>,
    clauses: Vec<ClauseInFile>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    any: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    case_sensitive: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClauseInFile {
    attribute: String,
    operator: SearchOperator,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
}

/// A search as the text of a file.
///
/// # Errors
/// Never in practice: everything in a search can be written.
pub fn write(query: &Query) -> Result<String, String> {
    let clause = |clause: &SearchClause| ClauseInFile {
        attribute: clause.attribute.clone(),
        operator: clause.operator,
        value: clause.value.clone(),
    };
    let file = QueryFile {
        object_type: query.object_type.clone(),
        clauses: query.clauses.iter().map(clause).collect(),
        any: query.any,
        case_sensitive: query.case_sensitive,
    };
    serde_json::to_string_pretty(&file).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Reads a search; types and attributes must be those of the metaverse.
///
/// # Errors
/// What is wrong with the file, in a sentence.
pub fn read(text: &str, schema: &[MvTypeView]) -> Result<Query, String> {
    let file: QueryFile =
        serde_json::from_str(text).map_err(|error| format!("The file is no saved query of Metaverse Search: {error}"))?;
    if let Some(kind) = file.object_type.as_ref().filter(|wanted| !schema.iter().any(|kind| kind.name == **wanted)) {
        return Err(format!("The metaverse has no object type \"{kind}\""));
    }
    let names = attribute_names(schema, file.object_type.as_deref());
    let clauses = file.clauses.into_iter().map(|clause| {
        let Some(attribute) = names.iter().find(|name| name.eq_ignore_ascii_case(&clause.attribute)) else {
            let place = file.object_type.as_deref().unwrap_or("metaverse");
            return Err(format!("The {place} has no attribute \"{}\"", clause.attribute));
        };
        if !operators(value_type(schema, attribute)).contains(&clause.operator) {
            return Err(format!("{attribute} cannot be searched with \"{}\"", clause.operator.label()));
        }
        Ok(SearchClause { attribute: attribute.clone(), operator: clause.operator, value: clause.value })
    });
    let clauses = clauses.collect::<Result<_, _>>()?;
    Ok(Query { object_type: file.object_type, clauses, any: file.any, case_sensitive: file.case_sensitive })
}

#[cfg(test)]
mod tests {
    use syncline_engine::model::ValueType;
    use syncline_engine::service::MvSchemaAttributeView;

    use super::*;

    fn schema() -> Vec<MvTypeView> {
        let attribute = |name: &str, value_type| MvSchemaAttributeView {
            name: name.into(),
            value_type,
            multi_valued: false,
            indexed: false,
            import_flows: Vec::new(),
            export_flows: 0,
            uses: Vec::new(),
        };
        let attributes = vec![attribute("displayName", ValueType::String), attribute("accountEnabled", ValueType::Boolean)];
        vec![MvTypeView { name: "person".into(), attributes, objects: 0, rules: Vec::new() }]
    }

    #[test]
    fn what_was_written_is_read_again() {
        let clause =
            |attribute: &str, operator, value: &str| SearchClause { attribute: attribute.into(), operator, value: value.into() };
        let query = Query {
            object_type: Some("person".into()),
            clauses: vec![
                clause("displayName", SearchOperator::StartsWith, "A \"quoted\" name"),
                clause("accountEnabled", SearchOperator::IsPresent, ""),
            ],
            any: true,
            case_sensitive: true,
        };
        assert_eq!(read(&write(&query).unwrap(), &schema()), Ok(query));
        assert_eq!(read(&write(&Query::default()).unwrap(), &schema()), Ok(Query::default()));
    }

    #[test]
    fn a_file_that_does_not_fit_says_why() {
        let check = |text: &str, expected: &str| {
            let said = read(text, &schema()).unwrap_err();
            assert!(said.contains(expected), "{said}");
        };
        check("<query/>", "no saved query");
        check(r#"{"clauses": [], "extra": 1}"#, "extra");
        check(r#"{"objectType": "robot", "clauses": []}"#, "no object type \"robot\"");
        check(r#"{"clauses": [{"attribute": "shoeSize", "operator": "equals", "value": "1"}]}"#, "no attribute \"shoeSize\"");
        check(
            r#"{"clauses": [{"attribute": "accountEnabled", "operator": "contains", "value": "T"}]}"#,
            "accountEnabled cannot be searched with \"Contains\"",
        );
    }
}
