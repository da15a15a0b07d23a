//! The words of a rule script: commands, parameters, texts, variables, lists.

use super::APOSTROPHES;

/// A value after a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScriptValue {
    /// A text, a number or a bare word.
    Text(String),
    /// `$true`, `$false`, or the name of a variable such as `condition0`; its index is always 0.
    Variable(String),
    /// Values with commas between them, with or without `@( )`.
    List(Vec<ScriptValue>),
}

/// A command with its parameters; a switch has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Line, counted from 1.
    pub line: usize,
    /// The command's name.
    pub command: String,
    /// Parameters in order, without their hyphen.
    pub parameters: Vec<(String, Option<ScriptValue>)>,
}

/// A place that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LexFault {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Variable(String),
    OpenList,
    CloseList,
    Comma,
    End,
}

/// Splits a script into its statements.
pub(super) fn statements(script: &str) -> Result<Vec<Statement>, LexFault> {
    let tokens = tokens(script)?;
    let mut statements = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some(((line, token), after)) = rest.split_first() {
        match token {
            Token::End => rest = after,
            Token::Word(command) => {
                let (parameters, after) = parameters(after)?;
                statements.push(Statement { line: *line, command: command.clone(), parameters });
                rest = after;
            }
            _ => return Err(LexFault { line: *line, reason: "a command is expected here".to_owned() }),
        }
    }
    Ok(statements)
}

type Tokens<'a> = &'a [(usize, Token)];
type Parameters = Vec<(String, Option<ScriptValue>)>;

fn parameters(mut rest: Tokens<'_>) -> Result<(Parameters, Tokens<'_>), LexFault> {
    let mut parameters: Parameters = Vec::new();
    while let Some(((line, token), after)) = rest.split_first() {
        match token {
            Token::End => return Ok((parameters, after)),
            Token::Word(word) if is_parameter(word) => {
                parameters.push((word.trim_start_matches('-').to_owned(), None));
                rest = after;
            }
            _ => {
                let (value, after) = values(rest)?;
                match parameters.last_mut() {
                    Some((_, place @ None)) => *place = Some(value),
                    _ => return Err(LexFault { line: *line, reason: "a parameter such as -Name is expected here".to_owned() }),
                }
                rest = after;
            }
        }
    }
    Ok((parameters, rest))
}

fn is_parameter(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// One value, or several with commas between them.
fn values(rest: Tokens<'_>) -> Result<(ScriptValue, Tokens<'_>), LexFault> {
    let (first, mut rest) = value(rest)?;
    let mut list = vec![first];
    while let Some(((_, Token::Comma), after)) = rest.split_first() {
        let (next, after) = value(after)?;
        list.push(next);
        rest = after;
    }
    match list.len() {
        1 => Ok((list.pop().unwrap_or(ScriptValue::List(Vec::new())), rest)),
        _ => Ok((ScriptValue::List(list), rest)),
    }
}

fn value(rest: Tokens<'_>) -> Result<(ScriptValue, Tokens<'_>), LexFault> {
    let Some(((line, token), after)) = rest.split_first() else {
        return Err(LexFault { line: 0, reason: "the script ends where a value is expected".to_owned() });
    };
    match token {
        Token::Word(text) | Token::Text(text) => Ok((ScriptValue::Text(text.clone()), after)),
        Token::Variable(name) => Ok((ScriptValue::Variable(name.clone()), after)),
        Token::OpenList => {
            let mut items = Vec::new();
            let mut rest = after;
            loop {
                match rest.split_first() {
                    Some(((_, Token::CloseList), after)) => return Ok((ScriptValue::List(items), after)),
                    Some(((_, Token::Comma | Token::End), after)) => rest = after,
                    Some(((_, Token::OpenList), _)) => {
                        return Err(LexFault { line: *line, reason: "a list inside a list has no meaning here".to_owned() });
                    }
                    Some(_) => {
                        let (item, after) = value(rest)?;
                        items.push(item);
                        rest = after;
                    }
                    None => return Err(LexFault { line: *line, reason: "the list is not closed".to_owned() }),
                }
            }
        }
        Token::CloseList | Token::Comma | Token::End => {
            Err(LexFault { line: *line, reason: "a value is expected here".to_owned() })
        }
    }
}

fn tokens(script: &str) -> Result<Vec<(usize, Token)>, LexFault> {
    let mut characters = script.chars().peekable();
    let mut tokens = Vec::new();
    let mut line = 1;
    while let Some(character) = characters.next() {
        let begins = line;
        let token = match character {
            '\n' => {
                line += 1;
                Token::End
            }
            ';' => Token::End,
            ',' => Token::Comma,
            ')' => Token::CloseList,
            '@' if characters.next_if_eq(&'(').is_some() => Token::OpenList,
            '#' => {
                while characters.next_if(|next| *next != '\n').is_some() {}
                continue;
            }
            // A back-tick at the end of a line joins it with the next.
            '`' => {
                while characters.next_if(|next| *next != '\n' && next.is_whitespace()).is_some() {}
                if characters.next_if_eq(&'\n').is_none() {
                    return Err(LexFault { line, reason: "a back-tick may only end a line".to_owned() });
                }
                line += 1;
                continue;
            }
            _ if character.is_whitespace() => continue,
            _ if APOSTROPHES.contains(&character) => {
                let text = quoted(&mut characters, &mut line, &|c| APOSTROPHES.contains(&c), false);
                Token::Text(text.map_err(|reason| LexFault { line: begins, reason })?)
            }
            '"' => {
                let text = quoted(&mut characters, &mut line, &|c| c == '"', true);
                Token::Text(text.map_err(|reason| LexFault { line: begins, reason })?)
            }
            '$' => {
                let mut name = String::new();
                while let Some(next) = characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                if characters.next_if_eq(&'[').is_some() {
                    let index: String = std::iter::from_fn(|| characters.next_if(char::is_ascii_digit)).collect();
                    if index != "0" || characters.next_if_eq(&']').is_none() {
                        return Err(LexFault { line, reason: format!("of variable ${name} only element [0] is understood") });
                    }
                }
                if name.is_empty() {
                    return Err(LexFault { line, reason: "\"$\" begins something other than a variable".to_owned() });
                }
                Token::Variable(name)
            }
            _ if is_word(character) => {
                let mut word = String::from(character);
                while let Some(next) = characters.next_if(|next| is_word(*next)) {
                    word.push(next);
                }
                Token::Word(word)
            }
            other => return Err(LexFault { line, reason: format!("\"{other}\" has no meaning in a rule script") }),
        };
        tokens.push((begins, token));
    }
    Ok(tokens)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '.' | '_' | '{' | '}' | ':' | '\\' | '*')
}

/// The rest of a quoted text. Two quotes stand for one; between double quotes, so do a back-tick and a quote, and a
/// variable would be replaced, which nobody can do here.
fn quoted(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    line: &mut usize,
    is_quote: &dyn Fn(char) -> bool,
    double: bool,
) -> Result<String, String> {
    let mut text = String::new();
    while let Some(character) = characters.next() {
        match character {
            _ if is_quote(character) => match characters.next_if(|next| is_quote(*next)) {
                Some(_) => text.push(character),
                None => return Ok(text),
            },
            '`' if double => match characters.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            '$' if double => return Err("a text between double quotes may hold no variable; use apostrophes".to_owned()),
            // Line ends are those of the file, not of the text.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                *line += 1;
                text.push('\n');
            }
            _ => text.push(character),
        }
    }
    Err("a text is not closed".to_owned())
}
