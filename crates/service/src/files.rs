//! Users' files: a row that says whose it is and what it is called, and an object under a key of our own.
//!
//! The object is written first, under a new key and with its own removal already queued; the row that names it makes
//! it the user's. Whatever breaks in between leaves an object that nobody names, and that removal takes it away.

pub mod kinds;

use crate::audit::{self, Event};
use crate::ports::{ByteStream, PutError};
use crate::tokens::Caller;
use crate::{App, Ctx, Error, Fault, SharedApp, outbox};
use doorward_domain::{FileId, FileName, Rejection, Span, UserId};
use doorward_store::files::{self, File};
use doorward_store::{WriteTx, users};
use futures_util::StreamExt;
use std::fmt;

/// Longer than any upload takes.
const UPLOAD_ENDS_WITHIN: Span = Span::hours(1);

/// A file on its way in.
pub struct Upload {
    /// What its user calls it.
    pub name: FileName,
    /// What the client says it is.
    pub content_type: String,
    /// Its bytes.
    pub content: ByteStream,
}

/// The name under which a stored file is answered: `user-files/<user id>/<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName(String);

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file on its way out.
pub struct Download {
    /// What its user calls it.
    pub name: String,
    /// What the client said it is.
    pub content_type: String,
    /// Its bytes' number.
    pub size: u64,
    /// Its bytes.
    pub content: ByteStream,
}

/// Stores a file; one of the same name gives way to it.
pub async fn upload(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    upload: Upload,
) -> Result<ObjectName, Error> {
    store(app, ctx, caller.user.id, upload).await
}

/// Stores a file of a user, whoever brings it.
pub(crate) async fn store(
    app: &SharedApp,
    ctx: &Ctx,
    user: UserId,
    upload: Upload,
) -> Result<ObjectName, Error> {
    refuse_beyond_count(app, user, &upload.name).await?;
    let upload = refuse_other_kinds(app, upload).await?;
    let id = FileId::new(ctx.now, app.entropy.bytes());
    let mut tx = app.write().await?;
    outbox::remove_object(&mut tx, app, ctx, id, ctx.now + UPLOAD_ENDS_WITHIN).await?;
    tx.commit().await?;
    let size = app
        .objects
        .put(id, upload.content, app.settings.files.max_size)
        .await
        .map_err(put_error)?;
    let file = File {
        id,
        user_id: user,
        name: upload.name.as_str().to_owned(),
        content_type: upload.content_type,
        size: i64::try_from(size).map_err(Fault::internal)?,
        created_at: ctx.now,
    };
    let mut tx = app.write().await?;
    // Uploads of one user name their files one after another, so that each counts the others.
    users::lock(&mut tx, user).await?;
    let replaced = files::upsert(&mut tx, &file).await?;
    if replaced.is_none()
        && files::count(&mut tx, user).await? > u64::from(app.settings.files.max_count)
    {
        return Err(Rejection::FileCountExceeded.into());
    }
    if let Some(old) = replaced {
        outbox::remove_object(&mut tx, app, ctx, old, ctx.now).await?;
    }
    audit::record(&mut tx, app, ctx, Event::FileStored, user).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(ObjectName(format!("user-files/{user}/{}", upload.name)))
}

/// The caller's file of that name.
pub async fn download(
    app: &SharedApp,
    _ctx: &Ctx,
    caller: &Caller,
    name: &FileName,
) -> Result<Download, Error> {
    let mut tx = app.read().await?;
    let file = files::by_name(&mut tx, caller.user.id, name).await?;
    drop(tx);
    let file = file.ok_or(Rejection::FileNotFound)?;
    let content = app.objects.get(file.id).await.map_err(Fault::unavailable)?;
    let content =
        content.ok_or_else(|| Fault::internal("a file's object is missing from the store"))?;
    Ok(Download {
        name: file.name,
        content_type: file.content_type,
        size: u64::try_from(file.size).map_err(Fault::internal)?,
        content,
    })
}

/// Deletes the caller's file of that name.
pub async fn delete(
    app: &SharedApp,
    ctx: &Ctx,
    caller: &Caller,
    name: &FileName,
) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let file = files::delete(&mut tx, caller.user.id, name).await?;
    let file = file.ok_or(Rejection::FileNotFound)?;
    outbox::remove_object(&mut tx, app, ctx, file.id, ctx.now).await?;
    audit::record(&mut tx, app, ctx, Event::FileDeleted, caller.user.id).await?;
    tx.commit().await?;
    outbox::ring(app);
    Ok(())
}

/// Removes all files of a user, in the transaction that ends what they had; gives their number.
pub(crate) async fn delete_all(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: UserId,
) -> Result<usize, Error> {
    let all = files::of_user(tx, user).await?;
    for file in &all {
        outbox::remove_object(tx, app, ctx, file.id, ctx.now).await?;
    }
    files::delete_all(tx, user).await?;
    Ok(all.len())
}

/// Refuses before the bytes travel; the transaction that names the file counts again.
async fn refuse_beyond_count(app: &App, user: UserId, name: &FileName) -> Result<(), Error> {
    let mut tx = app.read().await?;
    let full = files::count(&mut tx, user).await? >= u64::from(app.settings.files.max_count);
    if full && files::by_name(&mut tx, user, name).await?.is_none() {
        return Err(Rejection::FileCountExceeded.into());
    }
    Ok(())
}

/// Looks at the first bytes, where the kind of a file matters; the stream still begins with them afterwards.
async fn refuse_other_kinds(app: &App, mut upload: Upload) -> Result<Upload, Error> {
    if app.settings.files.any_type {
        return Ok(upload);
    }
    let mut content = upload.content.fuse();
    let (mut seen, mut first) = (Vec::new(), Vec::new());
    while first.len() < kinds::DECIDING {
        let Some(chunk) = content.next().await else {
            break;
        };
        if let Ok(bytes) = &chunk {
            first.extend_from_slice(bytes);
        }
        let broken = chunk.is_err();
        seen.push(chunk);
        if broken {
            break;
        }
    }
    if !kinds::agree(upload.name.as_str(), &upload.content_type, &first) {
        return Err(Rejection::FileKindUnclear.into());
    }
    upload.content = futures_util::stream::iter(seen).chain(content).boxed();
    Ok(upload)
}

fn put_error(error: PutError) -> Error {
    match error {
        PutError::TooLarge => Rejection::FileTooLarge.into(),
        PutError::Source(_) => Rejection::UploadBroken.into(),
        PutError::Store(_) => Fault::unavailable(error).into(),
    }
}
