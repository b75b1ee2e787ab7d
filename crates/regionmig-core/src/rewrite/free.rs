//! What has no grammar of its own: JSON of any shape, the templates of input transformers, encryption contexts, single values.

use std::collections::BTreeMap;

use jsonc_parser::ast::Value;

use super::Rewriter;
use super::error::RewriteError;
use super::image::{Form, Image};
use super::json::{At, name, parse};
use super::report::{Lack, Replacement, Rewritten, Unresolved};
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
    let whole = || {
        let mut report = Rewritten { document: Template::from(text), ..Rewritten::default() };
        note(&mut report, String::new(), text, &rewriter.image(text, &[]));
        report
    };
    // Of the same length, so that what stands where is the same in both.
    let as_json = with_placeholders_quoted(text);
    let Ok(document) = parse(&as_json) else { return whole() };
    let mut scribe = Scribe::new(rewriter, "input template", text);
    scribe.any(&document, &At::Whole, &ALL, text);
    scribe.finish()
}

/// Rewrites an encryption context.
pub(super) fn context(
    rewriter: &Rewriter,
    context: &BTreeMap<String, String>,
) -> Rewritten<BTreeMap<String, Template>> {
    let mut report = Rewritten::default();
    let mut rewritten = BTreeMap::new();
    for (name, value) in context {
        let at = At::Member(&At::Whole, name).pointer();
        if rewriter.image(name, &[]) != Image::Same {
            let (at, value) = (at.clone(), name.clone());
            report.unresolved.push(Unresolved { at, value, lack: Lack::NoRule });
        }
        let value = match rewriter.image(value, &[Form::Arn]) {
            Image::Becomes(image, rule) => {
                let (before, after) = (value.clone(), image.to_string());
                report.replacements.push(Replacement { at, before, after, rule, is_added: false });
                image
            }
            other => {
                note(&mut report, at, value, &other);
                Template::from(value.as_str())
            }
        };
        rewritten.insert(name.clone(), value);
    }
    let Rewritten { replacements, unresolved, kept, .. } = report;
    Rewritten { document: rewritten, replacements, unresolved, kept }
}

/// Rewrites one value.
pub(super) fn value(rewriter: &Rewriter, text: &str) -> Rewritten {
    let mut report = Rewritten { document: Template::from(text), ..Rewritten::default() };
    match rewriter.image(text, &ALL) {
        Image::Becomes(image, rule) => {
            let (before, after) = (text.to_owned(), image.to_string());
            report.replacements.push(Replacement { at: String::new(), before, after, rule, is_added: false });
            report.document = image;
        }
        other => note(&mut report, String::new(), text, &other),
    }
    report
}

fn note(report: &mut Rewritten, at: String, value: &str, image: &Image) {
    let value = value.to_owned();
    match image {
        Image::Kept(stay) => report.kept.push(super::report::Kept { at, value, stay: *stay }),
        Image::Lost(lack) => report.unresolved.push(Unresolved { at, value, lack: *lack }),
        Image::Becomes(..) | Image::Same => {}
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
                        self.lose(at.pointer(), name(member), Lack::NoRule);
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
