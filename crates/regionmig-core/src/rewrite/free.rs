//! What has no grammar of its own: JSON of any shape, the templates of input transformers, encryption contexts, single values.

use std::collections::BTreeMap;

use jsonc_parser::ast::Value;

use super::Rewriter;
use super::error::RewriteError;
use super::image::{Form, Image};
use super::json::{At, name, parse};
use super::report::{Lack, Rewritten};
use super::scribe::{How, Scribe};
use crate::ids::Template;

/// Forms that are told by themselves, wherever they stand.
pub(super) const ALL: [Form; 6] =
    [Form::Arn, Form::Host, Form::SignIn, Form::IdentityPool, Form::UserPool, Form::KeyId];

/// Names of members whose value is a region's name.
const REGIONS: [&str; 4] = ["aws_region", "awsRegion", "region", "Region"];

/// Rewrites JSON of any shape.
pub(super) fn json(rewriter: &Rewriter, text: &str) -> Result<Rewritten, RewriteError> {
    let document = parse(text)?;
    let mut scribe = Scribe::new(rewriter, "JSON document", text);
    scribe.any(&document, &At::Whole, &ALL, text);
    Ok(scribe.finish())
}

/// Rewrites the template of an input transformer: JSON in which `<name>` stands for a value of the event, within a text or in
/// its place (EventBridge user guide, "Amazon EventBridge input transformation"). What is no such template is one text.
pub(super) fn template(rewriter: &Rewriter, text: &str) -> Rewritten {
    // Of the same length, so that what stands where is the same in both.
    let as_json = with_placeholders_quoted(text);
    let Ok(document) = parse(&as_json) else { return single(rewriter, text, &[]) };
    let mut scribe = Scribe::new(rewriter, "input template", text);
    scribe.any(&document, &At::Whole, &ALL, text);
    scribe.finish()
}

/// Rewrites an encryption context.
pub(super) fn context(
    rewriter: &Rewriter,
    context: &BTreeMap<String, String>,
) -> Rewritten<BTreeMap<String, Template>> {
    let mut report: Rewritten<BTreeMap<String, Template>> = Rewritten::default();
    for (name, value) in context {
        let at = At::Member(&At::Whole, name).pointer();
        if rewriter.image(name, &[]) != Image::Same {
            report.lose(at.clone(), name, Lack::NoRule);
        }
        let value = rewritten(rewriter, &mut report, at, (value, &[Form::Arn]));
        report.document.insert(name.clone(), value);
    }
    report
}

/// Rewrites one value that has one of these forms, and is all there is.
pub(super) fn single(rewriter: &Rewriter, text: &str, forms: &[Form]) -> Rewritten {
    let mut report: Rewritten = Rewritten::default();
    let document = rewritten(rewriter, &mut report, String::new(), (text, forms));
    Rewritten { document, ..report }
}

/// Returns what a value becomes, and takes note of it.
fn rewritten<D>(
    rewriter: &Rewriter,
    report: &mut Rewritten<D>,
    at: String,
    (text, forms): (&str, &[Form]),
) -> Template {
    match rewriter.image(text, forms) {
        Image::Becomes(image, rule) => {
            report.replaced(at, text, (&image, rule), false);
            image
        }
        other => {
            report.note(at, text, &other);
            Template::from(text)
        }
    }
}

impl Scribe<'_, '_> {
    /// Rewrites all texts of a value. `original` is what the document was before placeholders were quoted.
    fn any(&mut self, value: &Value<'_>, at: &At<'_>, forms: &[Form], original: &str) {
        match value {
            Value::Object(object) => {
                for member in &object.properties {
                    let at = At::Member(at, name(member));
                    if self.rewriter.image(name(member), &[]) != Image::Same {
                        self.report.lose(at.pointer(), name(member), Lack::NoRule);
                    }
                    let is_region = REGIONS.contains(&name(member));
                    self.any(&member.value, &at, if is_region { &[Form::Region] } else { &ALL }, original);
                }
            }
            Value::Array(array) => {
                let elements = array.elements.iter().enumerate();
                elements.for_each(|(index, element)| self.any(element, &At::Element(at, index), forms, original));
            }
            Value::StringLit(text) if original[text.range.start..].starts_with('<') => {}
            text => self.values(text, at, forms, How::Replace),
        }
    }
}

/// Puts quotes in place of the brackets of `<name>` where that stands outside of any text.
fn with_placeholders_quoted(text: &str) -> String {
    let (mut within, mut escaped) = (false, false);
    let quoted = text.chars().map(|c| match c {
        '<' | '>' if !within => '"',
        _ => {
            within ^= c == '"' && !escaped;
            escaped = within && c == '\\' && !escaped;
            c
        }
    });
    quoted.collect()
}
