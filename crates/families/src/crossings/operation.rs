//! Two operations under one method and path, told as one: OpenAPI has no other word for it.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Content, RefOr, Required, Response, Schema};

/// Makes `first` tell what either of them takes and gives.
pub(super) fn join(first: &mut Operation, second: &Operation) {
    first
        .tags
        .get_or_insert_default()
        .extend(second.tags.iter().flatten().cloned());
    first.summary = either(first.summary.take(), second.summary.as_ref(), "; or: ");
    first.description = either(
        first.description.take(),
        second.description.as_ref(),
        "\n\n",
    );
    first.operation_id = either(
        first.operation_id.take(),
        second.operation_id.as_ref(),
        "_or_",
    );
    join_parameters(first, second);
    first.request_body = join_bodies(first.request_body.take(), second.request_body.as_ref());
    for (status, response) in &second.responses.responses {
        match first.responses.responses.get_mut(status) {
            Some(RefOr::T(first)) => {
                if let RefOr::T(second) = response {
                    join_responses(first, second);
                }
            }
            Some(RefOr::Ref(_)) => {}
            None => {
                let response = response.clone();
                first.responses.responses.insert(status.clone(), response);
            }
        }
    }
}

fn either(first: Option<String>, second: Option<&String>, between: &str) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}{between}{second}")),
        (first, second) => first.or_else(|| second.cloned()),
    }
}

/// A parameter of the one is none of the other, so that none is required.
fn join_parameters(first: &mut Operation, second: &Operation) {
    let parameters = first.parameters.iter().chain(&second.parameters).flatten();
    let optional = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => {
            let mut parameter = parameter.clone();
            parameter.required = Required::False;
            RefOr::T(parameter)
        }
        RefOr::Ref(reference) => RefOr::Ref(reference.clone()),
    };
    let parameters: Vec<_> = parameters.map(optional).collect();
    first.parameters = (!parameters.is_empty()).then_some(parameters);
}

fn join_bodies(
    first: Option<RefOr<RequestBody>>,
    second: Option<&RefOr<RequestBody>>,
) -> Option<RefOr<RequestBody>> {
    match (first, second) {
        (Some(RefOr::T(mut first)), Some(RefOr::T(second))) => {
            for (media, content) in &second.content {
                match first.content.get_mut(media) {
                    Some(first) => join_contents(first, content),
                    None => drop(first.content.insert(media.clone(), content.clone())),
                }
            }
            Some(RefOr::T(first))
        }
        (Some(first), Some(_)) => Some(first),
        // The other one has no body.
        (Some(body), None) => Some(not_required(body)),
        (None, Some(body)) => Some(not_required(body.clone())),
        (None, None) => None,
    }
}

fn not_required(body: RefOr<RequestBody>) -> RefOr<RequestBody> {
    match body {
        RefOr::T(mut body) => {
            body.required = None;
            RefOr::T(body)
        }
        RefOr::Ref(reference) => RefOr::Ref(reference),
    }
}

fn join_responses(first: &mut Response, second: &Response) {
    let known: Vec<&str> = first.description.split(SEPARATOR).collect();
    let new: Vec<&str> = second
        .description
        .split(SEPARATOR)
        .filter(|sentence| !known.contains(sentence))
        .collect();
    if !new.is_empty() {
        first.description = format!("{}{SEPARATOR}{}", first.description, new.join(SEPARATOR));
    }
    for (media, content) in &second.content {
        match first.content.get_mut(media) {
            Some(first) => join_contents(first, content),
            None => drop(first.content.insert(media.clone(), content.clone())),
        }
    }
}

/// What stands between the sentences of one status.
const SEPARATOR: &str = " | ";

fn join_contents(first: &mut RefOr<Content>, second: &RefOr<Content>) {
    let (RefOr::T(first), RefOr::T(second)) = (first, second) else {
        return;
    };
    first.schema = match (first.schema.take(), &second.schema) {
        (Some(first), Some(second)) if first != *second => {
            let both = AnyOfBuilder::new().item(first).item(second.clone());
            Some(RefOr::T(Schema::AnyOf(both.build())))
        }
        (first, second) => first.or_else(|| second.clone()),
    };
}
