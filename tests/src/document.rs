//! The OpenAPI document, as the matrices read it.

use serde_json::{Map, Value, json};

use crate::client::Client;

/// The document that a server serves.
#[derive(Debug, Clone)]
pub struct Document(pub Value);

/// One operation of it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `GET` and so on.
    pub method: String,
    /// With its `{parameters}`.
    pub path: String,
    /// `operationId`.
    pub id: String,
    /// All that the document says, references to schemas resolved at the top.
    pub value: Value,
}

impl Document {
    /// Reads it from a server.
    pub async fn of(client: &Client) -> Self {
        Self(client.get("/openapi.json").await.json(200))
    }

    /// Every operation.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(path, item)| {
                item.as_object().into_iter().flatten().map(move |(method, value)| Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    id: value["operationId"].as_str().unwrap_or_default().to_owned(),
                    value: value.clone(),
                })
            })
            .collect()
    }

    /// A schema with its references followed, `allOf` joined and null left out of its choices.
    #[must_use]
    pub fn resolve(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            return self.resolve(self.0.pointer(name).unwrap_or(&Value::Null));
        }
        for key in ["oneOf", "anyOf"] {
            let real = schema[key].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"));
            if let Some(one) = real {
                return self.resolve(one);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut properties = Map::new();
            for part in parts {
                properties.extend(self.resolve(part)["properties"].as_object().cloned().unwrap_or_default());
            }
            return json!({ "type": "object", "properties": properties });
        }
        schema.clone()
    }

    /// The names of the properties of every schema that answers: what only the server sets.
    #[must_use]
    pub fn answered_properties(&self, operation: &Operation) -> Vec<String> {
        let mut names = Vec::new();
        for (status, response) in operation.value["responses"].as_object().into_iter().flatten() {
            if status.starts_with('2') {
                let schema = response.pointer("/content/application~1json/schema").unwrap_or(&Value::Null);
                names.extend(properties(&self.resolve(schema)));
            }
        }
        names
    }

    /// The schema of the JSON body.
    #[must_use]
    pub fn body_schema(&self, operation: &Operation) -> Option<Value> {
        Some(self.resolve(&operation.json_body()?["schema"]))
    }
}

/// The names of an object's properties.
#[must_use]
pub fn properties(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

impl Operation {
    /// The path with each parameter replaced.
    #[must_use]
    pub fn at(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            path.push_str(before);
            // The kinds of documents and certificates are not those of channels.
            let of_papers = ["/documents/", "/certificates/"];
            let is_paper = name == "kind" && of_papers.iter().any(|folder| before.ends_with(folder));
            path.push_str(&if is_paper { "halal".to_owned() } else { value(name) });
            rest = after;
        }
        path + rest
    }

    /// The names of the path's parameters.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    /// The scopes that it demands; None where no login is needed.
    #[must_use]
    pub fn scopes(&self) -> Option<Vec<String>> {
        let bearer = self.value.pointer("/security/0/bearer")?.as_array()?;
        Some(bearer.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect())
    }

    /// The example of its JSON body.
    #[must_use]
    pub fn example(&self) -> Option<Value> {
        self.json_body().map(|body| body["example"].clone())
    }

    fn json_body(&self) -> Option<&Value> {
        let content = self.value.pointer("/requestBody/content")?;
        content.get("application/json").or_else(|| content.get("application/merge-patch+json"))
    }

    /// Whether it takes a file.
    #[must_use]
    pub fn takes_file(&self) -> bool {
        self.value.pointer("/requestBody/content/multipart~1form-data").is_some()
    }

    /// Whether it changes something.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.method != "GET"
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
