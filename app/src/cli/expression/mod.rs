//! `syncline expression`: the expression language outside of a synchronization.

mod assignment;
mod check;
mod eval;
mod explain;
mod format;
mod functions;
mod marker;
mod object_file;
mod problem;
mod source;
mod text;
mod value;
mod vectors;

use clap::Subcommand;

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;

/// Verbs of `expression`.
#[derive(Debug, Subcommand)]
pub enum ExpressionCommand {
    /// Tell everything that is wrong with an expression, or probably not meant
    #[command(after_help = "\
Errors keep the expression from running: exit code 31. Warnings do not, unless --strict is
given. With --target the result is compared with the attribute that it flows to.
Without a data folder the attributes are those of the shipped Active Directory schema;
\"syncline expression eval --help\" tells how to choose others.

Examples:
  syncline expression check 'Trim([displayNme])'
  syncline expression check --file upn.txt --type mv:person --target userPrincipalName
  syncline expression check 'CNum([employeeID]) + 1' --target employeeID --strict")]
    Check(check::CheckArgs),
    /// Lay an expression out evenly: one argument or operand per line where a line gets long
    #[command(after_help = "\
Only white space outside of strings changes, and so never what the expression gives.
With --check nothing is printed but whether it would change: exit code 31 when it would.

Examples:
  syncline expression format --file upn.txt > formatted.txt
  syncline expression format --check --file upn.txt")]
    Format(format::FormatArgs),
    /// Evaluate an expression
    #[command(after_help = "\
The object that the expression reads:
  --set NAME=VALUE        a value; repeated for several values of one attribute
  --set NAME:TYPE=VALUE   typed: str, num, bool, bin (Base64), ref, mvstr, ...
  --set NAME:TYPE         an attribute that the object lacks
  --object-file FILE      {\"mail\": \"a@x\", \"proxyAddresses\": [\"smtp:a\"]}
  --connector C --dn DN   an object of a connector space of the data folder
  --mv ID                 a metaverse object; with --connector as outbound rules of C read it
--set replaces what the object has. An attribute that is not set is absent (NULL).
Types come from the data folder's schema, or from the shipped one of --type: user, group,
contact, ... of Active Directory; mv:person, mv:group, ... of the metaverse.
ImportedValue reads the values that an import has confirmed, and what --set gave.

Several values are printed one per line, binary values as Base64; --json tells the type, too.
An error is shown with its place in the expression: exit code 31.
An expression that begins with - comes last, behind --.

Examples:
  syncline expression eval 'Left([displayName],3) & \"@contoso.com\"' --set displayName=Ann
  syncline expression eval '[sAMAccountName] & \"@\" & %Domain.FQDN%' \\
    --set sAMAccountName=ann --param Domain.FQDN=contoso.com
  syncline expression eval 'Item([proxyAddresses],2)' \\
    --set proxyAddresses=smtp:a@x --set proxyAddresses=smtp:b@x
  syncline expression eval 'DateAdd(\"d\",90,Now())' --now 2024-06-15T12:00:00Z
  syncline expression eval '[userAccountControl]' --connector contoso.com \\
    --dn 'CN=Ann,OU=Corp,DC=contoso,DC=com'
  syncline expression eval --set n:num=4 -- '-[n]'")]
    Eval(eval::EvalArgs),
    /// Show what every part of an expression gives
    #[command(after_help = "\
Each part stands on a line of its own, indented below the part that it belongs to, with type
and value. A part that was not evaluated is marked, and its own parts are left out; a part in a
loop has a line per turn. --json has everything.
\"syncline expression eval --help\" tells how to choose the object.

Examples:
  syncline expression explain 'IIF(IsPresent([mail]),[mail],[userPrincipalName])' \\
    --set userPrincipalName=ann@contoso.com
  syncline expression explain --file filter.txt --connector contoso.com \\
    --dn 'CN=Ann,OU=Corp,DC=contoso,DC=com'")]
    Explain(eval::EvalArgs),
    /// List the functions, or show one of them
    #[command(after_help = "\
Examples:
  syncline expression functions
  syncline expression functions --category text
  syncline expression functions Word")]
    Functions(functions::FunctionsArgs),
    /// Run files of test vectors: expressions with what each must give
    #[command(after_help = "\
A file is JSON: {\"vectors\": [...]}, each vector with at least id, expr and expect:
  {\"id\": \"upn\", \"expr\": \"Trim([mail])\",
   \"attributes\": {\"mail\": {\"type\": \"str\", \"values\": [\" a@b.c\"]}},
   \"expect\": {\"type\": \"str\", \"values\": [\"a@b.c\"]}}
Also: imported (as attributes), parameters, now, group, source, note. An attribute without values is
absent. expect is {\"type\", \"values\"}, {\"null\": true}, {\"ignore\": true}, {\"authoritativeNull\": true}
or {\"error\": kind} with or without \"position\".
Exit code 5 when a vector fails, 31 when a file cannot be read.

Example:
  syncline expression vectors our-rules.json")]
    Vectors(vectors::VectorsArgs),
}

impl ExpressionCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "expression check",
            Self::Format(_) => "expression format",
            Self::Eval(_) => "expression eval",
            Self::Explain(_) => "expression explain",
            Self::Functions(_) => "expression functions",
            Self::Vectors(_) => "expression vectors",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Check(arguments) => check::run(session, arguments),
            Self::Format(arguments) => format::run(session, arguments),
            Self::Eval(arguments) => eval::run(session, arguments),
            Self::Explain(arguments) => explain::run(session, arguments),
            Self::Functions(arguments) => functions::run(session, arguments),
            Self::Vectors(arguments) => vectors::run(session, arguments),
        }
    }
}
