//! Choices, loops over values and Error.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Special, Types, each, whole};
use crate::problem::{Fault, ProblemKind};
use crate::value::Val;

fn error<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    match call.take(0) {
        Val::Null => Err(Fault::new(ProblemKind::User, "")),
        Val::Text(message) => Err(Fault::new(ProblemKind::User, message)),
        other => Err(call.element(0, &other)),
    }
}

const fn special(
    name: &'static str,
    signature: &'static str,
    description: &'static str,
    example: &'static str,
    parameters: &'static [crate::function_table::Parameter],
    special: Special,
) -> FunctionInfo {
    FunctionInfo {
        name,
        category: Category::ProgramFlow,
        signature,
        description,
        example,
        parameters,
        required: parameters.len(),
        nulls: NullRule::Handled,
        result: Types::ANY,
        body: Body::Special(special),
    }
}

/// Program flow.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "Error",
        category: Category::ProgramFlow,
        signature: "void Error(str message)",
        description: "Ends the evaluation with this message: the object fails in this run step, other objects go on.",
        example: "IIF(IsPresent([accountName]), [accountName], Error(\"AccountName is required\"))",
        parameters: &[each("message", Types::TEXT)],
        required: 1,
        nulls: NullRule::Handled,
        result: Types::NONE,
        body: Body::Plain(error),
    },
    special(
        "IIF",
        "var IIF(exp condition, var valueIfTrue, var valueIfFalse)",
        "One of two values; only the selected one is evaluated. A multi-valued condition selects per value.",
        "IIF([employeeType] = \"Intern\", \"t-\" & [alias], [alias])",
        &[whole("condition"), whole("valueIfTrue"), whole("valueIfFalse")],
        Special::If,
    ),
    special(
        "Select",
        "mvattr Select($item, mvattr attribute, exp function)",
        "Applies a formula to each value of a multi-valued attribute, bound to the variable, and collects the results.",
        "Select($item, [otherPhone], Replace($item, \"-\", \"\"))",
        &[whole("$item"), whole("attribute"), whole("function")],
        Special::Select,
    ),
    special(
        "Switch",
        "var Switch(exp expr1, var value1 [, exp expr2, var value2 ...])",
        "The value behind the first true expression; NULL when none is true. All expressions are evaluated.",
        "Switch([city] = \"London\", \"English\", [city] = \"Rome\", \"Italian\", True, Error(\"Unknown city\"))",
        &[whole("expr1"), whole("value1")],
        Special::Switch,
    ),
    special(
        "Where",
        "mvattr Where($item, mvattr attribute, exp condition)",
        "The values of a multi-valued attribute for which the condition is true; the variable stands for the value.",
        "Where($item, [userCertificate], CertNotAfter($item) > Now())",
        &[whole("$item"), whole("attribute"), whole("condition")],
        Special::Where,
    ),
    special(
        "With",
        "var With($variable, exp subExpression, exp complexExpression)",
        "Computes an expression once and names it for the formula behind it.",
        "With($upn, LCase([userPrincipalName]), IIF(InStr($upn, \"@\") > 0, $upn, NULL))",
        &[whole("$variable"), whole("subExpression"), whole("complexExpression")],
        Special::With,
    ),
];
