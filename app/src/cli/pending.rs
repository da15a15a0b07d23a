//! `syncline pending`: what the next export of a connector will send (`operations.md` 3).

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use syncline_engine::model::ObjectOperation;
use syncline_engine::service::{Engine, PendingExportView};

use super::cs::{Operation, operations};
use super::csv::{self, Field};
use super::exit::Failure;
use super::json;
use super::output::Answer;
use super::session::Session;
use super::table::Table;
use super::text::{View, count};
use crate::pending_report::{self, Change, ChangeLine, PendingReport, cut_values, new_value, object_lines};

/// Objects per file of identifiers.
const FILE: usize = 1000;
/// First line of the list of changes.
const CHANGES: &str = "DN,OMODT,ObjectType,AttrName,AMODT,OldValue,NewValue\n";
/// First line of the list of identifiers.
const IDENTIFIERS: &str = "ID,Type,DN,operation,UPN,displayName,sourceAnchor,alias,primarySMTP,onPremisesSamAccountName,mail\n";

/// Arguments of `pending`.
#[derive(Args, Debug)]
#[command(after_help = "\
Formats:
  table        one line per object
  json         one JSON object per line (--json gives one document instead)
  changes      CSV, one line per value: DN,OMODT,ObjectType,AttrName,AMODT,OldValue,NewValue;
               sorted by Delete, Add, Update, then DN, then attribute, so that two lists compare line by line
  report       CSV, as changes, with display name, UPN and the rule behind each value
  identifiers  CSV, one line per object; with --out a folder of files with 1000 objects each

Examples:
  syncline pending \"contoso.onmicrosoft.com - AAD\"
  syncline pending \"contoso.onmicrosoft.com - AAD\" --op delete
  syncline pending \"contoso.onmicrosoft.com - AAD\" --format changes --out changes.csv")]
pub struct PendingArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Only these operations; may be repeated
    #[arg(long, value_name = "OPERATION")]
    pub op: Vec<Operation>,
    /// Form of the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Write to this file (identifiers: into this folder) instead of the screen
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// Form of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For reading
    Table,
    /// One JSON object per line
    Json,
    /// CSV, one line per value
    Changes,
    /// CSV, one line per value, with names and rules
    Report,
    /// CSV, one line per object
    Identifiers,
}

/// Answers `pending`.
pub fn run(session: &Session, arguments: &PendingArgs) -> Result<Answer, Failure> {
    let (rows, identifiers, report) = session.query(|engine| {
        let connector = engine.connector(&arguments.connector)?.id;
        let rows = pending_report::read(engine, connector, operations(&arguments.op))?;
        let identifiers = match arguments.format {
            ListFormat::Identifiers => rows.iter().map(|row| identifier_line(engine, row)).collect::<Result<_, _>>()?,
            ListFormat::Table | ListFormat::Json | ListFormat::Changes | ListFormat::Report => Vec::new(),
        };
        let report = match arguments.format {
            ListFormat::Report => pending_report::report(engine, &rows)?,
            ListFormat::Table | ListFormat::Json | ListFormat::Changes | ListFormat::Identifiers => PendingReport::default(),
        };
        Ok((rows, identifiers, report))
    })?;
    let warnings = cut_values(&rows);
    let text = match arguments.format {
        ListFormat::Table => table(&rows, &session.output.view),
        ListFormat::Json => json_lines(&rows)?,
        ListFormat::Changes => changes(&rows),
        ListFormat::Report => report_csv(&report),
        ListFormat::Identifiers => format!("{IDENTIFIERS}{}", identifiers.concat()),
    };
    let Some(out) = &arguments.out else {
        let total = if arguments.format == ListFormat::Table && !rows.is_empty() {
            format!("{} waiting for export.\n", count(rows.len() as u64, "object"))
        } else {
            String::new()
        };
        return Ok(Answer::new(&rows, text)?.warnings(warnings).hint(total));
    };
    let files = if arguments.format == ListFormat::Identifiers {
        write_identifiers(out, &identifiers)?
    } else {
        write(out, &text)?;
        vec![out.clone()]
    };
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let said = format!("{} written to {}.\n", count(rows.len() as u64, "object"), names.join(", "));
    Ok(Answer::new(&serde_json::json!({ "objects": rows.len(), "files": names }), said)?.warnings(warnings))
}

fn table(rows: &[PendingExportView], view: &View) -> String {
    if rows.is_empty() {
        return "Nothing is waiting for export.\n".to_string();
    }
    let mut table = Table::new().texts(["Distinguished name", "Type", "Display name", "Operation"]).numbers(["Attributes"]);
    for row in rows {
        table.row([
            row.hit.dn.as_str(),
            &row.hit.object_type,
            &row.hit.display_name,
            row.layer.operation.word(),
            &row.layer.attributes.len().to_string(),
        ]);
    }
    table.render(view.width)
}

fn json_lines(rows: &[PendingExportView]) -> Result<String, Failure> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&json::data(row)?.to_string());
        text.push('\n');
    }
    Ok(text)
}

/// The report as CSV.
fn report_csv(report: &PendingReport) -> String {
    let mut text = csv::line(pending_report::TITLES.map(Field::Plain));
    for row in &report.rows {
        text.push_str(&csv::line(row.iter().map(|cell| Field::Plain(cell))));
    }
    text
}

/// A line of changes as CSV.
fn change_line(line: &ChangeLine<'_>) -> String {
    csv::line([
        Field::Quoted(line.dn),
        Field::Plain(line.object.word()),
        Field::Plain(line.object_type),
        Field::Plain(line.attribute),
        Field::Plain(line.change.map_or("", Change::word)),
        Field::Plain(line.old),
        Field::Plain(line.new),
    ])
}

/// The CSV of changes.
fn changes(rows: &[PendingExportView]) -> String {
    let mut lines: Vec<ChangeLine<'_>> = rows.iter().flat_map(object_lines).collect();
    // Stable: values of one attribute keep their order.
    lines.sort_by(ChangeLine::order);
    let mut text = CHANGES.to_string();
    lines.iter().for_each(|line| text.push_str(&change_line(line)));
    text
}

/// The line of identifiers of one object; what an update leaves alone comes from the connector space.
fn identifier_line(engine: &Engine, row: &PendingExportView) -> Result<String, Failure> {
    let held = match row.layer.operation {
        ObjectOperation::Add => None,
        _ => Some(engine.cs_object(row.hit.guid)?.import),
    };
    let value = |names: &[&str], wanted: fn(&str) -> bool| {
        names.iter().find_map(|name| new_value(&row.layer, held.as_ref(), name, wanted)).unwrap_or_default().to_string()
    };
    let any = |_: &str| true;
    let fields = [
        row.hit.guid.to_string(),
        row.hit.object_type.clone(),
        row.hit.dn.clone(),
        row.layer.operation.word().to_string(),
        value(&["userPrincipalName"], any),
        value(&["displayName"], any),
        value(&["sourceAnchor"], any),
        value(&["alias", "mailNickname"], any),
        value(&["proxyAddresses"], |address| address.starts_with("SMTP:")),
        value(&["onPremisesSamAccountName", "sAMAccountName"], any),
        value(&["mail"], any),
    ];
    Ok(csv::line(fields.iter().enumerate().map(|(position, field)| match position {
        2 => Field::Quoted(field),
        8 => Field::Plain(field.trim_start_matches("SMTP:")),
        _ => Field::Plain(field),
    })))
}

/// Writes the identifiers in files of 1000 objects.
fn write_identifiers(folder: &Path, lines: &[String]) -> Result<Vec<PathBuf>, Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::invalid(format!("cannot create folder {}: {error}", folder.display())))?;
    let mut files = Vec::new();
    for (number, part) in lines.chunks(FILE).enumerate() {
        let file = folder.join(format!("processedusers{}.csv", number + 1));
        write(&file, &format!("{IDENTIFIERS}{}", part.concat()))?;
        files.push(file);
    }
    Ok(files)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| Failure::invalid(format!("cannot write {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample::{change, pending, view};

    fn check(rows: &[PendingExportView], expected: &str) {
        assert_eq!(changes(rows).strip_prefix(CHANGES), Some(expected));
    }

    #[test]
    fn an_empty_list_is_the_header() {
        check(&[], "");
        assert_eq!(table(&[], &view()), "Nothing is waiting for export.\n");
    }

    #[test]
    fn changes_have_one_line_per_value_in_the_documented_order() {
        let ann = pending(
            "CN={ann}",
            ObjectOperation::Add,
            vec![change("displayName", "add", &[], &["Ann"]), change("proxyAddresses", "add", &[], &["SMTP:a@x", "smtp:b@x"])],
        );
        let bob = pending("CN={bob}", ObjectOperation::Update, vec![change("jobTitle", "replace", &["Clerk"], &["Lead"])]);
        let old = pending("CN={old}", ObjectOperation::Delete, vec![]);
        check(
            &[bob, ann, old],
            "\"CN={old}\",Delete,user,,,,\n\
             \"CN={ann}\",Add,user,displayName,Add,,Ann\n\
             \"CN={ann}\",Add,user,proxyAddresses,Add,,SMTP:a@x\n\
             \"CN={ann}\",Add,user,proxyAddresses,Add,,smtp:b@x\n\
             \"CN={bob}\",Update,user,jobTitle,Update,Clerk,Lead\n",
        );
    }

    #[test]
    fn multi_valued_changes_list_what_comes_and_goes() {
        let replaced = change("proxyAddresses", "update", &["smtp:a", "smtp:b"], &["smtp:b", "smtp:c"]);
        check(
            &[pending("CN={x}", ObjectOperation::Update, vec![replaced])],
            "\"CN={x}\",Update,user,proxyAddresses,Delete,smtp:a,\n\"CN={x}\",Update,user,proxyAddresses,Add,,smtp:c\n",
        );
        let mut single = change("member", "update", &[], &["CN=a", "CN=b", "CN=c"]);
        single.new[0].change = Some("add".into());
        single.new[1].change = Some("delete".into());
        check(
            &[pending("CN={x}", ObjectOperation::Update, vec![single])],
            "\"CN={x}\",Update,user,member,Add,,CN=a\n\"CN={x}\",Update,user,member,Delete,CN=b,\n",
        );
        let removed = change("title", "delete", &["Clerk"], &[]);
        check(&[pending("CN={x}", ObjectOperation::Update, vec![removed])], "\"CN={x}\",Update,user,title,Delete,Clerk,\n");
    }

    #[test]
    fn renames_and_delete_adds_have_lines_of_their_own() {
        let mut row = pending("CN=Ann,DC=x", ObjectOperation::Update, vec![]);
        row.layer.new_dn = Some("CN=Anna,DC=x".into());
        check(&[row], "\"CN=Ann,DC=x\",Update,user,DN,Update,\"CN=Ann,DC=x\",\"CN=Anna,DC=x\"\n");
        let row = pending("CN={x}", ObjectOperation::DeleteAdd, vec![change("mail", "add", &[], &["a@x"])]);
        check(&[row], "\"CN={x}\",Delete,user,,,,\n\"CN={x}\",Add,user,mail,Add,,a@x\n");
    }

    #[test]
    fn identifiers_are_the_values_after_the_export() {
        let pending = pending(
            "CN={x}",
            ObjectOperation::Update,
            vec![change("mail", "delete", &["a@x"], &[]), change("alias", "replace", &["ann"], &["anna"])],
        );
        let mut held = pending.layer.clone();
        held.attributes = vec![
            change("mail", "none", &[], &["a@x"]),
            change("alias", "none", &[], &["ann"]),
            change("proxyAddresses", "none", &[], &["smtp:b@x", "SMTP:a@x"]),
        ];
        let value = |name: &str, wanted: fn(&str) -> bool| new_value(&pending.layer, Some(&held), name, wanted);
        assert_eq!(value("mail", |_| true), None);
        assert_eq!(value("Alias", |_| true), Some("anna"));
        assert_eq!(value("proxyAddresses", |address| address.starts_with("SMTP:")), Some("SMTP:a@x"));
        assert_eq!(value("displayName", |_| true), None);
    }

    #[test]
    fn identifiers_come_in_files_of_a_thousand() {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (0..2300).map(|number| format!("{number}\n")).collect();
        let files = write_identifiers(folder.path(), &lines).unwrap();
        let rows: Vec<usize> = files.iter().map(|file| std::fs::read_to_string(file).unwrap().lines().count() - 1).collect();
        assert_eq!(rows, [1000, 1000, 300]);
        assert!(files[2].ends_with("processedusers3.csv"));
    }

    #[test]
    fn values_left_out_are_told() {
        let mut large = change("member", "add", &[], &["CN=a"]);
        large.new_count = 900;
        let rows = [pending("CN={x}", ObjectOperation::Add, vec![large])];
        assert_eq!(cut_values(&rows), ["member of CN={x} has 900 values; the first 1 are listed"]);
    }
}
