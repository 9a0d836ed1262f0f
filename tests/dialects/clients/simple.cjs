// npm simple_blitline_node: posts the jobs it is given and prints the parsed answer.
const Blitline = require('simple_blitline_node');

const blitline = new Blitline();
JSON.parse(process.argv[2]).forEach((job) => blitline.addJob(job));
blitline.postJobs().then((answer) => console.log(JSON.stringify(answer)));
