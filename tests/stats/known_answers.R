# What R (4.2.2, with psych, lme4 and ordinal of Debian 12) says; tests/stats/test_answers_of_r.py holds its answers.
# Run once with: Rscript tests/stats/known_answers.R
options(digits=12)
win <- c(2,0,5,2,0,12,13,10,6,17,9,8,24,16,15,22,14,11,24,22,17,3,2,12,10,8,5,20,15,13,27,19,18,2,2,6)
loss <- c(16,21,10,15,22,3,9,12,11,2,6,12,2,3,2,2,4,4,1,0,2,14,18,6,6,9,11,0,2,5,1,1,2,13,21,8)
tie <- c(7,1,10,7,2,9,5,3,5,7,8,6,0,5,7,4,5,7,3,3,6,9,4,5,6,11,9,2,5,9,0,5,2,8,5,8)
p <- combn(9, 2); row <- p[1,]; col <- p[2,]
fit <- function(probabilities) {
  nll <- function(b) { s <- c(b[1:8], -sum(b[1:8])); d <- s[col] - s[row]; q <- probabilities(d, exp(b[9]))
    -sum(win*log(q$w) + loss*log(q$l) + tie*log(q$t)) }
  o <- nlm(nll, c(rep(0,8), log(.5)), gradtol=1e-11, steptol=1e-13, iterlim=1000)
  o <- nlm(nll, o$estimate, gradtol=1e-11, steptol=1e-13, iterlim=1000, hessian=TRUE)
  cat(o$estimate[1:8], -sum(o$estimate[1:8]), "tie", exp(o$estimate[9]), "loglik", -o$minimum, "se", sqrt(diag(solve(o$hessian)))[1:8], "\n") }
fit(function(d, x) { th <- 1+x; w <- plogis(d-log(th)); l <- plogis(-d-log(th)); list(w=w, l=l, t=1-w-l) })
fit(function(d, nu) { z <- exp(d/2)+exp(-d/2)+nu; list(w=exp(d/2)/z, l=exp(-d/2)/z, t=nu/z) })
X <- matrix(0,36,9); X[cbind(1:36,col)] <- 1; X[cbind(1:36,row)] <- -1
g <- suppressWarnings(glm(cbind(win+tie/2, loss+tie/2) ~ X[,-9]-1, family=binomial)); b <- c(coef(g),0); cat("half", b-mean(b), "\n")
x <- c(.9,.8,1,.7,.95,.85,.6,1,.9,.75,.8,.95); a <- .05; t <- seq_along(x)
mu <- (.5+cumsum(x))/(t+1); v <- (.25+cumsum((x-mu)^2))/(t+1); lam <- sqrt(2*log(2/a)/(c(.25,head(v,-1))*t*log(t+1)))
g <- function(m) { up<-cumsum(log1p(pmin(lam,.5/m)*(x-m))); dn<-cumsum(log1p(-pmin(lam,.5/(1-m))*(x-m))); max(pmax(up,dn))+log(.5)+log(a) }
lo<-uniroot(g,c(1e-6,mean(x)),tol=1e-13)$root; hi <- if (g(1-1e-9)>0) uniroot(g,c(mean(x),1-1e-9),tol=1e-13)$root else 1
cat("bet", lo, hi, g(1-1e-9), "\n")
x <- c(2.1,3.4,1.9,5.6,4.4,3.9,6.1,2.8,5.0,4.1,3.3,6.6); y <- c(1.8,3.9,2.5,4.9,4.6,3.1,5.2,3.0,5.9,3.6,2.9,6.0)
cat("pearson p", cor.test(x,y)$p.value, "\n")
cat("spearman exact 7", cor.test(x[1:7],y[1:7],method="spearman",exact=TRUE)$p.value, cor.test(x[1:7],y[1:7],method="spearman")$estimate, "\n")
cat("kendall exact 7", cor.test(x[1:7],y[1:7],method="kendall",exact=TRUE)$p.value, "\n")
r <- cor(x,y,method="spearman"); se<-sqrt((1+r^2/2)/9); cat("spearman ci", tanh(atanh(r)+c(-1,1)*qnorm(.975)*se),"\n")
t <- cor(x,y,method="kendall"); se<-sqrt(.437/8); cat("kendall ci", tanh(atanh(t)+c(-1,1)*qnorm(.975)*se),"\n")
# Zou overlapping
zou <- function(r12,r13,r23,n){ ci<-function(r) tanh(atanh(r)+c(-1,1)*qnorm(.975)/sqrt(n-3)); a<-ci(r12);b<-ci(r13)
 c<-((r23-.5*r12*r13)*(1-r12^2-r13^2-r23^2)+r23^3)/((1-r12^2)*(1-r13^2)); d<-r12-r13
 c(d-sqrt((r12-a[1])^2+(b[2]-r13)^2-2*c*(r12-a[1])*(b[2]-r13)), d+sqrt((a[2]-r12)^2+(r13-b[1])^2-2*c*(a[2]-r12)*(r13-b[1])))}
cat("zou", zou(.396,.179,.088,66),"\n")
# Steiger 1980 eq 14, pooled
st<-function(r12,r13,r23,n){rb<-(r12+r13)/2; s<-(r23*(1-2*rb^2)-.5*rb^2*(1-2*rb^2-r23^2))/(1-rb^2)^2; (atanh(r12)-atanh(r13))*sqrt(n-3)/sqrt(2-2*s)}
z<-st(.396,.179,.088,66); cat("steiger", z, 2*pnorm(-abs(z)),"\n")
# mean of spearman pairs / W jackknife
R <- rbind(c(1,2,3,4,5,6),c(2,1,3,4,6,5),c(1,3,2,5,4,6),c(3,1,2,4,5,6))
W<-function(R){m<-nrow(R);n<-ncol(R);12*sum((colSums(R)-m*(n+1)/2)^2)/(m^2*(n^3-n))}
ms<-function(R){C<-cor(t(R));mean(C[upper.tri(C)])}
m<-4; l<-sapply(1:4,function(i) ms(R[-i,])); se<-sqrt(3/4*sum((l-mean(l))^2)); mr<-ms(R); z<-atanh(mr)+c(-1,1)*qt(.975,3)*se/(1-mr^2)
cat("W", W(R), mr, (1+3*mr)/4, "ci", (1+3*tanh(z))/4, "\n")
# anytime multiplier: mixture of noncentral t; n=30, tau2 given
lr <- function(t,n,v){ (1+n*v)^(-.5)*((1+t^2/(n-1))/(1+t^2/((n-1)*(1+n*v))))^(n/2)}
width<-function(v,n) uniroot(function(t) log(lr(t,n,v))-log(20),c(.01,100),tol=1e-12)$root
o<-optimize(function(lv) width(exp(lv),30),c(-6,2),tol=1e-10); cat("mult", exp(o$minimum), width(exp(o$minimum),30), width(exp(o$minimum),12), "\n")
# betabinomial sign
lb<-function(k,n,m,c){m<-min(max(m,.005),.995); lbeta(k+m*c,n-k+(1-m)*c)-lbeta(m*c,(1-m)*c)}
cat("gold sign", lb(2,10,.5,20)-lb(2,10,.9,20), lb(9,10,.5,20)-lb(9,10,.9,20), "\n")
cat("jeffreys 9/10", qbeta(c(.025,.975),9.5,1.5),"\n")
# noise ceiling
cat("ceil", sqrt(1-mean(c(.2,.3,.25,.1)^2)/var(c(3.1,3.9,2.7,3.4))),"\n")
# difference best prob two conditions
g <- glm(cbind(14,6)~1,family=binomial); cat("bt2", coef(g), sqrt(vcov(g)), pnorm(coef(g)/sqrt(vcov(g))), "\n")
# mean t: clustered by rater equal sizes = t test of rater means
s <- matrix(c(1,2,3,2,5, 4,3,3,1,2, 2,2,4,5,5, 1,1,2,3,2),4,byrow=TRUE)
tt<-t.test(rowMeans(s)); cat("mos", tt$estimate, tt$stderr, tt$conf.int, "\n")
b<-matrix(c(2,2,3,3,5, 5,3,4,2,2, 2,3,4,5,4, 2,1,3,3,4),4,byrow=TRUE)
d<-t.test(rowMeans(b)-rowMeans(s)); cat("md", d$estimate, d$stderr, d$conf.int, d$p.value, "\n")
# psychometric glm with 50% guess: mafc link not available; plain logit guess 0
lv <- c(1,2,3,4,5); k <- c(3,8,14,22,28); n <- rep(30,5)
g <- glm(cbind(k,n-k)~lv, family=binomial); cf<-coef(g); V<-vcov(g); th <- -cf[1]/cf[2]
grad <- c(-1/cf[2], cf[1]/cf[2]^2); cat("glm", th, cf[2], sqrt(t(grad)%*%V%*%grad), sqrt(V[2,2]), logLik(g)+sum(-lchoose(n,k)),"\n")
# guess .5 by optim
nll <- function(p) { pr <- .5+.5*plogis(exp(p[2])*(lv-p[1])); -sum(dbinom(k2,n,pr,log=TRUE)) }
k2 <- c(16,18,23,27,29); o <- optim(c(3,0),nll,hessian=TRUE,control=list(reltol=1e-15,maxit=5000)); o <- optim(o$par,nll,method="BFGS",hessian=TRUE,control=list(reltol=1e-16))
cat("guess", o$par[1], exp(o$par[2]), sqrt(diag(solve(o$hessian))), "\n")
g2 <- glm(c(1,0,1,0)~c(.5,.5,-.5,-.5), weights=c(30,10,12,28), family=binomial("probit")); cat("dprime", coef(g2), sqrt(diag(vcov(g2))), "\n")
# MASS polr / clm ordinal dprime
suppressMessages(library(ordinal))
df <- data.frame(rt=factor(rep(1:4,2),ordered=TRUE), s=rep(c(1,0),each=4), w=c(3,8,9,20,12,11,10,4))
cl <- clm(rt~s,weights=w,data=df,link="probit",control=clm.control(gradTol=1e-10)); cat("ord", coef(cl), sqrt(diag(vcov(cl))), logLik(cl), "\n")
