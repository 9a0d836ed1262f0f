//! What tests need beyond what `s3s-fs` does: conditional puts that exclude each other, copies that are never seen
//! half, and answers with the headers that a signed URL asks for.

use s3s::{S3, S3Request, S3Response, S3Result, dto::*, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::Mutex;

pub(crate) struct Bucket {
    files: FileSystem,
    /// Held while an object is created on condition.
    creating: Mutex<()>,
}

impl Bucket {
    pub(crate) fn new(files: FileSystem) -> Bucket {
        Bucket { files, creating: Mutex::new(()) }
    }
}

/// Methods that are done by the folder alone.
macro_rules! as_files {
    ($($name:ident: $input:ident => $output:ident),+ $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for Bucket {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.files.$name(request).await
            })+

            async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
                if request.input.bucket != crate::BUCKET {
                    return Err(s3_error!(NoSuchBucket));
                }
                let _alone = match &request.input.if_none_match {
                    Some(_) => Some(self.creating.lock().await),
                    None => None,
                };
                self.files.put_object(request).await
            }

            async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
                let asked = request.input.clone();
                let mut answer = self.files.get_object(request).await?;
                let output = &mut answer.output;
                if asked.response_content_type.is_some() {
                    output.content_type = asked.response_content_type;
                }
                if asked.response_content_disposition.is_some() {
                    output.content_disposition = asked.response_content_disposition;
                }
                if asked.response_cache_control.is_some() {
                    output.cache_control = asked.response_cache_control;
                }
                Ok(answer)
            }

            async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
                let CopySource::Bucket { bucket, key, .. } = request.input.copy_source.clone() else {
                    return Err(s3_error!(NotImplemented));
                };
                let (to_bucket, to_key) = (request.input.bucket.clone(), request.input.key.clone());
                let mut from = GetObjectInput::default();
                from.bucket = bucket.into();
                from.key = key.into();
                let read = self.files.get_object(like(&request, from)).await?.output;
                let mut to = PutObjectInput::default();
                to.bucket = to_bucket;
                to.key = to_key;
                to.body = read.body;
                let written = self.files.put_object(like(&request, to)).await?.output;
                let mut result = CopyObjectResult::default();
                result.e_tag = written.e_tag;
                result.last_modified = Some(std::time::SystemTime::now().into());
                let mut output = CopyObjectOutput::default();
                output.copy_object_result = Some(result);
                Ok(S3Response::new(output))
            }
        }
    };
}

as_files! {
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput,
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput,
    delete_object: DeleteObjectInput => DeleteObjectOutput,
    head_object: HeadObjectInput => HeadObjectOutput,
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output,
    upload_part: UploadPartInput => UploadPartOutput,
}

/// A request for something else on behalf of the same client.
fn like<A, B>(request: &S3Request<A>, input: B) -> S3Request<B> {
    S3Request {
        input,
        method: request.method.clone(),
        uri: request.uri.clone(),
        headers: request.headers.clone(),
        extensions: request.extensions.clone(),
        credentials: request.credentials.clone(),
        region: request.region.clone(),
        service: request.service.clone(),
        trailing_headers: None,
    }
}
