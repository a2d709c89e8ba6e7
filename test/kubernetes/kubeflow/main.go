// Kubeflow Trainer and JobSet for tests: their controllers and webhooks, with certificates that somebody else made.
package main

import (
	"flag"

	trainer "github.com/kubeflow/trainer/v2/pkg/apis/trainer/v1alpha1"
	trainercontrollers "github.com/kubeflow/trainer/v2/pkg/controller"
	"github.com/kubeflow/trainer/v2/pkg/runtime/core"
	trainerwebhooks "github.com/kubeflow/trainer/v2/pkg/webhooks"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	jobsetcontrollers "sigs.k8s.io/jobset/pkg/controllers"
	jobsetwebhooks "sigs.k8s.io/jobset/pkg/webhooks"
	schedulerplugins "sigs.k8s.io/scheduler-plugins/apis/scheduling/v1alpha1"
)

func main() {
	certificates := flag.String("certificates", "", "folder with tls.crt and tls.key")
	flag.Parse()
	ctrl.SetLogger(zap.New())

	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, trainer.AddToScheme, jobset.AddToScheme, schedulerplugins.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:        scheme,
		Client:        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:       metricsserver.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(webhook.Options{CertDir: *certificates}),
	})
	utilruntime.Must(err)

	ctx := ctrl.SetupSignalHandler()
	utilruntime.Must(jobsetcontrollers.SetupJobSetIndexes(ctx, manager.GetFieldIndexer()))
	utilruntime.Must(jobsetcontrollers.SetupPodIndexes(ctx, manager.GetFieldIndexer()))
	c, recorder := manager.GetClient(), manager.GetEventRecorderFor("jobset")
	utilruntime.Must(jobsetcontrollers.NewJobSetReconciler(c, scheme, recorder).SetupWithManager(manager))
	utilruntime.Must(jobsetcontrollers.NewPodReconciler(c, scheme, recorder).SetupWithManager(manager))
	jobSetWebhook, err := jobsetwebhooks.NewJobSetWebhook(c)
	utilruntime.Must(err)
	utilruntime.Must(jobSetWebhook.SetupWebhookWithManager(manager))
	utilruntime.Must(jobsetwebhooks.NewPodWebhook(c).SetupWebhookWithManager(manager))

	runtimes, err := core.New(ctx, c, manager.GetFieldIndexer())
	utilruntime.Must(err)
	_, err = trainercontrollers.SetupControllers(manager, runtimes, controller.Options{})
	utilruntime.Must(err)
	_, err = trainerwebhooks.Setup(manager, runtimes)
	utilruntime.Must(err)
	utilruntime.Must(manager.Start(ctx))
}
