module vmobs/tools/licence-names

go 1.23

require github.com/google/licensecheck v0.3.1
