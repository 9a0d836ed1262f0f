// npm blitline: builds a job of nested functions, posts it and prints the answer as it came.
const Blitline = require('blitline');

const [applicationId, src] = process.argv.slice(2);
const blitline = new Blitline();
const job = blitline.addJob(applicationId, src);
const blur = job.addFunction('blur', null, 'blurred');
const sepia = blur.addFunction('sepia_tone', null, 'sepia');
sepia.addFunction('resize_to_fill', { width: 50, height: 50 }, 'cropped');
blitline.postJobs((answer) => console.log(answer));
